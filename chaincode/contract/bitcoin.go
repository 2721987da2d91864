package contract

import (
	"encoding/hex"
	"math"

	"github.com/hyperledger/fabric-contract-api-go/v2/contractapi"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/rules/consortium"
	"github.com/guildmark/guildmark/chaincode/rules/party"
	"github.com/guildmark/guildmark/chaincode/spv"
)

// Bitcoin is the chain that pays, as the ledger's own light client sees it: headers, final blocks, attestations.
type Bitcoin struct{ contractapi.Contract }

// Start writes the configuration's trusted start.
func (c *Bitcoin) Start(t *Transaction) (string, error) { return answer(c.start(t)) }

func (c *Bitcoin) start(t *Transaction) (spv.Submitted, error) {
	rules, err := t.chainRules()
	if err != nil {
		return spv.Submitted{}, err
	}
	start, err := spv.ParseRecord(t.config.Bitcoin.Checkpoint)
	if err != nil {
		return spv.Submitted{}, err
	}
	if err := spv.Start(chain{t}, &rules, start); err != nil {
		return spv.Submitted{}, err
	}
	tip := spv.BlockView{Height: uint32(start.Height), Hash: start.Hash.String()}
	return spv.Submitted{Height: tip.Height, Hash: tip.Hash}, t.event(ledger.EventHeaders, spv.Headers{Tip: tip})
}

// SubmitHeaders takes a JSON array of 1 to 500 headers in hex, oldest first. Where blocks are attested, work may be
// free: there a buyer's headers could outweigh the partners' chain, take final blocks back and raise the alarm (T22).
func (c *Bitcoin) SubmitHeaders(t *Transaction, document string) (string, error) {
	return answer(c.submitHeaders(t, document))
}

func (c *Bitcoin) submitHeaders(t *Transaction, document string) (spv.Submitted, error) {
	none := spv.Submitted{}
	headers, err := parseHeaders(document)
	if err != nil {
		return none, err
	}
	rules, err := t.chainRules()
	if err != nil {
		return none, err
	}
	if rules.Attested() && t.caller.Role != party.Oracle {
		return none, consortium.ErrOnlyOracles.With(t.caller.Role)
	}
	stamp, err := t.timestamp()
	if err != nil {
		return none, err
	}
	change, err := spv.Submit(chain{t}, &rules, headers, stamp)
	if err != nil {
		return none, err
	}
	if change.New == 0 {
		return none, spv.ErrNothingNew
	}
	event := spv.Headers{
		Tip: block(spv.Block{Height: change.Tip.Height, Hash: change.Tip.Hash}), Added: change.New,
		Replaced: blocks(change.Replaced), Final: blocks(change.Final), Unfinal: blocks(change.Unfinal), Alarm: reason(change.Alarm),
	}
	return spv.Submitted{Height: event.Tip.Height, Hash: event.Tip.Hash, Added: event.Added}, t.event(ledger.EventHeaders, event)
}

func parseHeaders(document string) ([][spv.HeaderSize]byte, error) {
	var list []string
	if err := ledger.Decode([]byte(document), &list); err != nil {
		return nil, err
	}
	if len(list) > spv.MaxHeaders {
		return nil, spv.ErrTooMany
	}
	headers := make([][spv.HeaderSize]byte, len(list))
	for i, text := range list {
		raw, err := hex.DecodeString(text)
		if err != nil || len(raw) != spv.HeaderSize {
			return nil, spv.ErrHeader.With(text)
		}
		headers[i] = [spv.HeaderSize]byte(raw)
	}
	return headers, nil
}

func block(b spv.Block) spv.BlockView {
	return spv.BlockView{Height: uint32(b.Height), Hash: b.Hash.String()}
}

func blocks(list []spv.Block) []spv.BlockView {
	named := make([]spv.BlockView, len(list))
	for i, b := range list {
		named[i] = block(b)
	}
	return named
}

func reason(a *spv.Alarm) string {
	if a == nil {
		return ""
	}
	return a.Reason
}

// Attest records that the calling partner's own node has this block on its active chain, deep enough (T22).
func (c *Bitcoin) Attest(t *Transaction, height, hash string) (string, error) {
	return answer(c.attest(t, height, hash))
}

func (c *Bitcoin) attest(t *Transaction, height, hash string) (spv.Attested, error) {
	none := spv.Attested{}
	h, err := parseHeight(height)
	if err != nil {
		return none, err
	}
	named, err := blockHash(hash)
	if err != nil {
		return none, err
	}
	rules, err := t.chainRules()
	if err != nil {
		return none, err
	}
	b := spv.Block{Height: h, Hash: named}
	change, err := spv.Attest(chain{t}, &rules, t.config.Homes(party.Oracle), t.caller.MSP, b)
	if err != nil {
		return none, err
	}
	result := spv.Attested{
		Height: uint32(h), Hash: hash, MSP: t.caller.MSP, Final: len(change.Final) > 0, Alarm: reason(change.Alarm),
	}
	return result, t.event(ledger.EventAttested, result)
}

// Tip reads the chain's moving end.
func (c *Bitcoin) Tip(t *Transaction) (string, error) { return answer(c.tip(t)) }

func (c *Bitcoin) tip(t *Transaction) (spv.TipView, error) {
	r, err := tipRecord(t)
	if err != nil {
		return spv.TipView{}, err
	}
	return spv.TipView{
		Height: uint32(r.Height), Hash: r.Hash.String(), MedianTime: int64(r.MedianTime()), Work: hex.EncodeToString(r.Work[:]),
	}, nil
}

func tipRecord(t *Transaction) (spv.Record, error) {
	store := chain{t}
	tip, ok, err := store.Tip()
	if err != nil || !ok {
		return spv.Record{}, refusedOr(err, spv.ErrNotStarted)
	}
	r, ok, err := store.Header(tip.Hash)
	if err != nil || !ok {
		return r, refusedOr(err, spv.ErrNotStarted)
	}
	return r, nil
}

// Header reads what the ledger knows of a block.
func (c *Bitcoin) Header(t *Transaction, hash string) (string, error) {
	return answer(c.header(t, hash))
}

func (c *Bitcoin) header(t *Transaction, hash string) (spv.HeaderView, error) {
	named, err := blockHash(hash)
	if err != nil {
		return spv.HeaderView{}, err
	}
	store := chain{t}
	r, ok, err := store.Header(named)
	if err != nil || !ok {
		return spv.HeaderView{}, refusedOr(err, spv.ErrUnknownBlock.With(hash))
	}
	active, _, err := store.HashAt(r.Height)
	if err != nil {
		return spv.HeaderView{}, err
	}
	tip, err := tipRecord(t)
	if err != nil {
		return spv.HeaderView{}, err
	}
	h := spv.HeaderView{
		Hash: hash, Previous: r.Prev.String(), Merkle: r.Merkle.String(), Height: uint32(r.Height), Time: int64(r.Time),
		MedianTime: int64(r.MedianTime()), Bits: r.Bits, Work: hex.EncodeToString(r.Work[:]), Active: active == named,
	}
	if h.Active {
		h.Depth = spv.Depth(&tip, &r)
	}
	return h, nil
}

// Final reads the final block of a height and which partners have attested it.
func (c *Bitcoin) Final(t *Transaction, height string) (string, error) {
	return answer(c.final(t, height))
}

func (c *Bitcoin) final(t *Transaction, height string) (spv.FinalView, error) {
	f := spv.FinalView{Attested: []string{}}
	h, err := parseHeight(height)
	if err != nil {
		return f, err
	}
	store := chain{t}
	hash, ok, err := store.FinalAt(h)
	if err != nil {
		return f, err
	}
	if ok {
		f.Hash = hash.String()
	}
	for _, msp := range t.config.Homes(party.Oracle) {
		said, attested, err := store.Attestation(h, msp)
		if err != nil {
			return f, err
		}
		if attested && (!ok || said == hash) {
			f.Attested = append(f.Attested, msp)
		}
	}
	return f, nil
}

// Locate reads the hash of the active chain's block at a height.
func (c *Bitcoin) Locate(t *Transaction, height string) (string, error) {
	return answer(c.locate(t, height))
}

func (c *Bitcoin) locate(t *Transaction, height string) (string, error) {
	h, err := parseHeight(height)
	if err != nil {
		return "", err
	}
	hash, ok, err := chain{t}.HashAt(h)
	if err != nil || !ok {
		return "", refusedOr(err, spv.ErrUnknownBlock.With(height))
	}
	return hash.String(), nil
}

func parseHeight(text string) (spv.Height, error) {
	n, err := parseNumber(text)
	if err != nil || n < 0 || n > math.MaxUint32 {
		return 0, ErrNumber.With(text)
	}
	return spv.Height(n), nil
}

// chainRules are the governed network's.
func (t *Transaction) chainRules() (spv.Rules, error) {
	b := t.config.Bitcoin
	return spv.RulesFor(b.Network, b.FinalDepth, b.Attestations)
}
