// Command make writes vectors.json: what tpmpolicy computes for fixed custodian keys, meter and counter. It
// was run once for version 1 of the policies; a difference means that machines in the field can't use their
// grants.
//
//	go run ./chaincode/tpmpolicy/testdata/make > chaincode/tpmpolicy/testdata/vectors.json
//
// A TPM confirms the digests in machine/tpm (TestVectorsAgreeWithTheTPM).
package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"

	"github.com/google/go-tpm/tpm2"

	"github.com/guildmark/guildmark/chaincode/tpmpolicy"
)

type vectors struct {
	Private  []string `json:"private"` // P-256 scalars of the custodians, known to everybody
	Meter    string   `json:"meter"`
	Handle   uint32   `json:"handle"`
	Counter  uint64   `json:"counter"`
	Nonce    string   `json:"nonce"`
	Sets     []set    `json:"sets"`
	Name     string   `json:"counterName"`
	HalfB    string   `json:"counterPolicy"`
	Sealed   string   `json:"sealedPublic"`
	SealedAs string   `json:"sealedName"`
}

type set struct {
	Custodians int      `json:"custodians"`
	Branches   []string `json:"branches"`
	Policy     string   `json:"policy"`
	Unwritten  string   `json:"unwritten"`
	Written    string   `json:"written"`
	HalfA      string   `json:"usePolicy"`
	Token      string   `json:"tokenPolicy"`
	Limits     []limit  `json:"limits"`
}

type limit struct {
	What   string `json:"what"`
	CPHash string `json:"cpHash"`
	Digest string `json:"digest"`
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run() error {
	var keys tpmpolicy.Custodians
	v := vectors{Handle: 0x01800203, Counter: 41, Nonce: hex.EncodeToString(bytes.Repeat([]byte{0xA5}, 32))}
	for i := range 4 {
		scalar := bytes.Repeat([]byte{byte(i + 1)}, 32)
		k, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), scalar)
		if err != nil {
			return err
		}
		keys = append(keys, &k.PublicKey)
		v.Private = append(v.Private, hex.EncodeToString(scalar))
	}
	meter := tpmpolicy.Meter("machine", "dataset", "terms")
	v.Meter = hex.EncodeToString(meter[:])
	v.Name = tpmpolicy.CounterName().Hex()
	half, err := tpmpolicy.CounterPolicy(tpmpolicy.CounterName(), v.Counter)
	if err != nil {
		return err
	}
	v.HalfB = hex.EncodeToString(half[:])
	area := tpmpolicy.SealedPublic(half, tpmpolicy.Digest(bytes.Repeat([]byte{0x33}, 32)))
	name, err := tpm2.ObjectName(&area)
	if err != nil {
		return err
	}
	v.Sealed, v.SealedAs = hex.EncodeToString(tpm2.Marshal(tpm2.New2B(area))), hex.EncodeToString(name.Buffer)
	for n := 2; n <= len(keys); n++ {
		s, err := makeSet(keys[:n], meter, v)
		if err != nil {
			return err
		}
		v.Sets = append(v.Sets, s)
	}
	e := json.NewEncoder(os.Stdout)
	e.SetIndent("", " ")
	return e.Encode(v)
}

func makeSet(keys tpmpolicy.Custodians, meter tpmpolicy.MeterID, v vectors) (set, error) {
	branches, err := keys.Branches(meter)
	if err != nil {
		return set{}, err
	}
	index, err := tpmpolicy.NewIndex(v.Handle, keys, meter)
	if err != nil {
		return set{}, err
	}
	use, err := tpmpolicy.UsePolicy(tpmpolicy.CounterName(), v.Counter, index, meter)
	if err != nil {
		return set{}, err
	}
	token, err := tpmpolicy.UseTokenPolicy(index, meter)
	if err != nil {
		return set{}, err
	}
	s := set{
		Custodians: len(keys), Policy: hex.EncodeToString(index.Policy[:]),
		Unwritten: index.Name(false).Hex(), Written: index.Name(true).Hex(),
		HalfA: hex.EncodeToString(use[:]), Token: hex.EncodeToString(token[:]),
	}
	for _, b := range branches {
		s.Branches = append(s.Branches, hex.EncodeToString(b[:]))
	}
	for _, l := range []struct {
		what string
		make func(int64) (tpmpolicy.Write, error)
		n    int64
	}{{"first 3", index.FirstLimit, 3}, {"top up to 8", index.NewLimit, 8}, {"close", index.NewLimit, 0}} {
		w, err := l.make(l.n)
		if err != nil {
			return set{}, err
		}
		cp, err := w.CPHash()
		if err != nil {
			return set{}, err
		}
		nonce, err := hex.DecodeString(v.Nonce)
		if err != nil {
			return set{}, err
		}
		d, err := w.Digest(nonce, meter)
		if err != nil {
			return set{}, err
		}
		s.Limits = append(s.Limits, limit{l.what, hex.EncodeToString(cp[:]), hex.EncodeToString(d[:])})
	}
	return s, nil
}
