package services

import (
	"context"
	"crypto/ecdsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/hyperledger/fabric-gateway/pkg/identity"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/payment"
	"github.com/guildmark/guildmark/chaincode/rules/consortium"
	"github.com/guildmark/guildmark/chaincode/rules/royalty"
	"github.com/guildmark/guildmark/chaincode/signed"
	"github.com/guildmark/guildmark/chaincode/spv"
	"github.com/guildmark/guildmark/network/topology"
)

// The governed numbers of a new consortium; each can be changed later by three governors.
const (
	quorum          = 2 // T4
	finalDepth      = 2 // blocks on regtest, where work is free and partners attest instead
	commissionRate  = royalty.Whole * 30 / 100
	minCommission   = 1            // satoshi
	minPrice        = 2_000        // satoshi, T23
	dailyCap        = 10_000_000   // satoshi a machine and day, T2
	epochSeconds    = 600          // T8
	orderEpochs     = 12           // two hours, as in the predecessor
	leaseSeconds    = 24 * 60 * 60 // T20
	clockSkew       = 10           // seconds, T7
	clockAge        = 180          // seconds, T7
	maxCommission   = ledger.MaxSatoshi
	configFormat    = "guildmark/config/1"
	partyFormat     = "guildmark/party/1"
	treasuryVersion = 1
)

// signing partners endorse business; the auditor consents to code, never to business.
func signing(partner string) bool { return partner != "auditor" }

// roles names for each role the partners whose certificates may grant it (T1).
func roles(all, business []string) []consortium.RoleHomes {
	return []consortium.RoleHomes{
		{Role: "auditor", MSPs: []string{"AuditorMSP"}},
		{Role: "buyer", MSPs: []string{"OperatorMSP"}},
		{Role: "custodian", MSPs: business},
		{Role: "governor", MSPs: all},
		{Role: "heartbeat", MSPs: all},
		{Role: "licensor", MSPs: []string{"LicensorsMSP", "OperatorMSP"}},
		{Role: "oracle", MSPs: all},
		{Role: "reader", MSPs: all},
		{Role: "registrar", MSPs: []string{"ManufacturerMSP"}},
	}
}

// partners lists name and MSP of every partner, sorted by MSP.
func partners(conn topology.Connection) []consortium.Partner {
	list := make([]consortium.Partner, 0, len(conn.Peers))
	for _, p := range conn.Peers {
		list = append(list, consortium.Partner{MSP: p.MSP, Name: p.Partner, Signs: signing(p.Partner)})
	}
	slices.SortFunc(list, func(a, b consortium.Partner) int { return strings.Compare(a.MSP, b.MSP) })
	return list
}

// firstConfig composes version 1 from the partners' public parts.
func firstConfig(conn topology.Connection) (consortium.Config, error) {
	list := partners(conn)
	var all, business, cosigners []string
	network := conn.Bitcoin[0].Network
	for i, p := range list {
		all = append(all, p.MSP)
		key, err := bundleKey(secretPath(conn, p.Name, "bundle.key"))
		if err != nil {
			return consortium.Config{}, err
		}
		if list[i].BundleKey, err = publicKey(key); err != nil {
			return consortium.Config{}, err
		}
		if !p.Signs {
			continue
		}
		business = append(business, p.MSP)
		xpub, err := cosignerKey(secretPath(conn, p.Name, "treasury.seed"), network)
		if err != nil {
			return consortium.Config{}, err
		}
		cosigners = append(cosigners, xpub)
	}
	if len(cosigners) != 3 {
		return consortium.Config{}, fmt.Errorf("the treasury is a 2-of-3: want three business partners, have %d", len(cosigners))
	}
	descriptor, err := payment.New([3]string(cosigners), network)
	if err != nil {
		return consortium.Config{}, fmt.Errorf("treasury descriptor: %w", err)
	}
	start, err := spv.Genesis(network)
	if err != nil {
		return consortium.Config{}, fmt.Errorf("bitcoin checkpoint: %w", err)
	}
	market, ok := conn.Identity("operator", "governor")
	if !ok {
		return consortium.Config{}, fmt.Errorf("operator has no governor identity")
	}
	attestations := 0
	if spv.FreeWork(network) {
		attestations = quorum
	}
	return consortium.Config{
		Format: configFormat, Version: 1, Channel: conn.Channel, Chaincode: conn.Chaincode.Name,
		Partners: list, Roles: roles(all, business), Quorum: quorum,
		Bitcoin:    consortium.Bitcoin{Network: network, Checkpoint: start.String(), FinalDepth: finalDepth, Attestations: attestations},
		Treasury:   consortium.Treasury{Version: treasuryVersion, Descriptor: descriptor.String()},
		Commission: consortium.Commission{Rate: int64(commissionRate), Min: minCommission, Max: maxCommission, Payee: market.Party},
		Limits: consortium.Limits{
			MinPrice: minPrice, DailyCap: dailyCap, OrderEpochs: orderEpochs, LeaseSeconds: leaseSeconds,
			ClockSkew: clockSkew, ClockAge: clockAge, EpochSeconds: epochSeconds,
		},
	}, nil
}

// approve lets three governors approve the first configuration; repeated, it finds it in force.
func approve(ctx context.Context, conn topology.Connection, open opener) error {
	operator, err := open("operator", "governor")
	if err != nil {
		return err
	}
	if _, err := operator.Evaluate(ctx, "governance:Config", ""); err == nil {
		return nil
	}
	config, err := firstConfig(conn)
	if err != nil {
		return err
	}
	document := ledger.Encode(config)
	if _, err := operator.Submit(ctx, "governance:Propose", string(document)); err != nil && !isConflict(err) {
		return fmt.Errorf("propose configuration: %w", err)
	}
	for _, partner := range []string{"operator", "manufacturer", "licensors"} {
		governor, err := open(partner, "governor")
		if err != nil {
			return err
		}
		if _, err := governor.Submit(ctx, "governance:Approve", ledger.Digest(document)); err != nil && !isConflict(err) {
			return fmt.Errorf("%s approves configuration: %w", partner, err)
		}
	}
	return nil
}

// registerParties puts everybody who buys, sells or is paid on the ledger, by the governor of the own home (T1).
func registerParties(ctx context.Context, conn topology.Connection, open opener) error {
	for _, id := range conn.Identities {
		if !slices.Contains([]string{"buyer", "licensor", "governor"}, id.Role) {
			continue
		}
		governor, err := open(id.Partner, "governor")
		if err != nil {
			return err
		}
		doc, err := partyOf(id)
		if err != nil {
			return err
		}
		if _, err := governor.Submit(ctx, "governance:RegisterParty", doc); err != nil && !isConflict(err) {
			return fmt.Errorf("register party %s of %s: %w", id.Name, id.Partner, err)
		}
	}
	return nil
}

func putBundle(ctx context.Context, conn topology.Connection, open opener) error {
	operator, err := open("operator", "governor")
	if err != nil {
		return err
	}
	if _, err := operator.Evaluate(ctx, "governance:Bundle", ""); err == nil {
		return nil
	}
	var config consortium.Config
	raw, err := operator.Evaluate(ctx, "governance:Config", "")
	if err != nil {
		return fmt.Errorf("read configuration: %w", err)
	}
	if err := ledger.Decode(raw, &config); err != nil {
		return fmt.Errorf("read configuration: %w", err)
	}
	bundle, err := firstBundle(conn, config)
	if err != nil {
		return err
	}
	call := struct {
		Bundle     string                   `json:"bundle"`
		Signatures []signed.BundleSignature `json:"signatures"`
	}{Bundle: base64.StdEncoding.EncodeToString(bundle.Bytes())}
	for _, p := range config.Partners {
		key, err := bundleKey(secretPath(conn, p.Name, "bundle.key"))
		if err != nil {
			return err
		}
		signature, err := sign(key, bundle.Bytes())
		if err != nil {
			return err
		}
		call.Signatures = append(call.Signatures, signed.BundleSignature{MSP: p.MSP, Signature: signature})
	}
	if _, err := operator.Submit(ctx, "governance:PutBundle", string(ledger.Encode(call))); err != nil {
		return fmt.Errorf("put trust bundle: %w", err)
	}
	return nil
}

func firstBundle(conn topology.Connection, config consortium.Config) (*signed.Bundle, error) {
	b := signed.Bundle{
		Format: signed.BundleFormat, Channel: config.Channel, Chaincode: config.Chaincode, Quorum: config.Quorum,
		Treasury: config.Treasury, Network: config.Bitcoin.Network, Attested: config.Bitcoin.Attestations > 0,
	}
	for _, p := range config.Partners {
		root, err := os.ReadFile(conn.MSPRoots[p.MSP])
		if err != nil {
			return nil, fmt.Errorf("read root of %s: %w", p.MSP, err)
		}
		b.Partners = append(b.Partners, signed.BundlePartner{
			MSP: p.MSP, Roots: []string{string(root)}, CRLs: []string{}, BundleKey: p.BundleKey, Signs: p.Signs,
		})
	}
	return signed.ParseBundle(b.Bytes())
}

// awaitClock waits for the first tick: nothing that depends on time works before it.
func awaitClock(ctx context.Context, open opener) error {
	reader, err := open("operator", "governor")
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		raw, err := reader.Evaluate(ctx, "governance:Clock")
		var clock struct {
			Time int64 `json:"time"`
		}
		if err == nil && json.Unmarshal(raw, &clock) == nil && clock.Time > 0 {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("waiting for the first tick: %w (last: %w)", ctx.Err(), err)
		case <-tick.C:
		}
	}
}

// sign is ECDSA over SHA-256, low S, base64 DER.
func sign(key *ecdsa.PrivateKey, message []byte) (string, error) {
	signer, err := identity.NewPrivateKeySign(key)
	if err != nil {
		return "", fmt.Errorf("sign: %w", err)
	}
	digest := sha256.Sum256(message)
	der, err := signer(digest[:])
	if err != nil {
		return "", fmt.Errorf("sign: %w", err)
	}
	return base64.StdEncoding.EncodeToString(der), nil
}

// secretPath is where a partner's own secret of that name lies.
func secretPath(conn topology.Connection, partner, name string) string {
	return filepath.Join(conn.Directory, partner, "secrets", name)
}
