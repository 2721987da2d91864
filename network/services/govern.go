package services

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/guildmark/guildmark/chaincode/rules/consortium"
	"github.com/guildmark/guildmark/network/partner/governor"
	"github.com/guildmark/guildmark/network/topology"
)

// terms are what the partners of the default consortium agreed on.
//
//go:embed terms.json
var terms []byte

// signing partners endorse business; the auditor consents to code, never to business.
func signing(partner string) bool { return partner != "auditor" }

// governorOf connects as one partner's governor.
func governorOf(open opener, partner string) (*governor.Governor, error) {
	c, err := open(partner, "governor")
	if err != nil {
		return nil, err
	}
	return governor.New(c), nil
}

// firstConfig composes version 1 from the terms and the partners' cards.
func firstConfig(conn topology.Connection) (consortium.Config, error) {
	agreed, err := governor.ParseTerms(terms)
	if err != nil {
		return consortium.Config{}, err
	}
	var cards []governor.Card
	for _, p := range conn.Peers {
		keys, err := keysOf(conn, p.Partner)
		if err != nil {
			return consortium.Config{}, err
		}
		payee, _ := conn.Identity(p.Partner, "governor")
		card, err := keys.Card(p.MSP, p.Partner, payee.Party, agreed.Bitcoin.Network)
		if err != nil {
			return consortium.Config{}, fmt.Errorf("card of %s: %w", p.Partner, err)
		}
		cards = append(cards, card)
	}
	return governor.Compose(agreed, conn.Channel, conn.Chaincode.Name, cards)
}

// keysOf opens a partner's long-lived secrets.
func keysOf(conn topology.Connection, partner string) (*governor.Keys, error) {
	dir := filepath.Join(conn.Directory, partner, "secrets")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("secrets of %s: %w", partner, err)
	}
	keys, err := governor.OpenKeys(dir)
	if err != nil {
		return nil, fmt.Errorf("secrets of %s: %w", partner, err)
	}
	return keys, nil
}

// approve lets three governors approve the first configuration; repeated, it finds it in force.
func approve(ctx context.Context, conn topology.Connection, open opener) error {
	proposer, err := governorOf(open, "operator")
	if err != nil {
		return err
	}
	if _, ok, err := proposer.Config(ctx); ok || err != nil {
		return err
	}
	config, err := firstConfig(conn)
	if err != nil {
		return err
	}
	if err := proposer.Propose(ctx, config); err != nil {
		return err
	}
	for _, p := range conn.Peers {
		if !signing(p.Partner) {
			continue
		}
		g, err := governorOf(open, p.Partner)
		if err != nil {
			return err
		}
		if err := g.Approve(ctx, config); err != nil {
			return fmt.Errorf("%s: %w", p.Partner, err)
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
		g, err := governorOf(open, id.Partner)
		if err != nil {
			return err
		}
		certificate, err := os.ReadFile(id.Certificate)
		if err != nil {
			return fmt.Errorf("party %s of %s: %w", id.Name, id.Partner, err)
		}
		p, err := governor.PartyOf(id.Party, id.MSP, id.Role, id.Name, certificate)
		if err != nil {
			return err
		}
		if err := g.Register(ctx, p); err != nil {
			return err
		}
	}
	return nil
}

func putBundle(ctx context.Context, conn topology.Connection, open opener) error {
	operator, err := governorOf(open, "operator")
	if err != nil {
		return err
	}
	if ok, err := operator.Bundled(ctx); ok || err != nil {
		return err
	}
	config, ok, err := operator.Config(ctx)
	if err != nil {
		return err
	}
	if !ok {
		return fmt.Errorf("trust bundle: %w", consortium.ErrNoConfig)
	}
	roots := map[string][]byte{}
	for msp, path := range conn.MSPRoots {
		if roots[msp], err = os.ReadFile(path); err != nil {
			return fmt.Errorf("read root of %s: %w", msp, err)
		}
	}
	bundle, err := governor.FirstBundle(config, roots)
	if err != nil {
		return err
	}
	var signatures []consortium.BundleSignature
	for _, p := range conn.Peers {
		keys, err := keysOf(conn, p.Partner)
		if err != nil {
			return err
		}
		signature, err := keys.Sign(p.MSP, bundle)
		if err != nil {
			return err
		}
		signatures = append(signatures, signature)
	}
	return operator.PutBundle(ctx, bundle, signatures)
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
