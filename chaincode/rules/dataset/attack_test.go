package dataset_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/guildmark/guildmark/chaincode/rules/dataset"
	"github.com/guildmark/guildmark/chaincode/rules/party"
	"github.com/guildmark/guildmark/chaincode/tpmpolicy"
)

// manifest is a good one with n custodians.
func manifest(n int) (*dataset.Manifest, party.Caller, party.Homes) {
	hash := strings.Repeat("0", 64)
	m := &dataset.Manifest{
		Format: dataset.ManifestFormat, Version: 1,
		Licensor: dataset.Licensor{MSP: "Licensors", Party: "Licensors.0123456789abcdef"},
		Salt:     hash, Title: "Cherry spritz", Technology: "beverage", Profile: "beverage/1", Size: 1, BodySize: 2,
		BodyHash: hash,
		Cipher:   dataset.Cipher, Commitments: []dataset.Commitment{{Share: dataset.ShareRuntime, Hash: hash}},
	}
	for i := range n {
		m.Custodians = append(m.Custodians, fmt.Sprintf("Partner%d", i))
	}
	for i, a := range m.Custodians {
		for _, b := range m.Custodians[i+1:] {
			for _, holder := range []string{a, b} {
				m.Commitments = append(m.Commitments,
					dataset.Commitment{Share: dataset.ShareHalf, Pair: []string{a, b}, Holder: holder, Hash: hash})
			}
		}
	}
	m.Dataset = dataset.ID(m.Licensor, m.Custodians, m.Salt)
	homes := func(string) []string { return m.Custodians }
	return m, party.Caller{MSP: m.Licensor.MSP, Party: m.Licensor.Party, Role: party.Licensor}, homes
}

// TestAttackDatasetThatCantBeGranted: a licensor in a large consortium must not sell under a custodian set
// for which no meter exists; buyers would pay for licenses that can never be granted.
func TestAttackDatasetThatCantBeGranted(t *testing.T) {
	for n := 2; n <= 8; n++ {
		var keys tpmpolicy.Custodians
		for range n {
			k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
			if err != nil {
				t.Fatal(err)
			}
			keys = append(keys, &k.PublicKey)
		}
		_, noMeter := keys.Policy(tpmpolicy.MeterID{})
		m, caller, homes := manifest(n)
		switch err := dataset.Check(m, caller, homes); {
		case noMeter == nil && err != nil:
			t.Errorf("%d custodians: got %v", n, err)
		case noMeter != nil && !errors.Is(err, dataset.ErrManifest):
			t.Errorf("%d custodians: no meter, but the manifest is taken (%v)", n, err)
		}
	}
}
