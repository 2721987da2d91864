package audit

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"

	"github.com/hyperledger/fabric-protos-go-apiv2/common"
	"github.com/hyperledger/fabric-protos-go-apiv2/peer"

	"github.com/guildmark/guildmark/chaincode/replay"
)

// Config is what may be chosen.
type Config struct {
	Chaincode string // default guildmark
	Genesis   string // hex hash of the genesis block's header that the auditor knows; "" = report it only
	Headers   []byte // Bitcoin headers as ReadHeaders takes them; nil = payments aren't compared with Bitcoin
}

// Report is what an audit found.
type Report struct {
	OK           bool       `json:"ok"`
	Channel      string     `json:"channel"`
	Genesis      string     `json:"genesis"` // hash of block 0's header
	Blocks       uint64     `json:"blocks"`
	Transactions Counts     `json:"transactions"`
	Bitcoin      *Bitcoin   `json:"bitcoin,omitempty"`
	Books        *Books     `json:"books,omitempty"`
	Findings     []*Finding `json:"findings"`
}

// Counts sorts the transactions.
type Counts struct {
	All      int `json:"all"`
	Valid    int `json:"valid"`
	Invalid  int `json:"invalid"`  // rightly flagged
	Replayed int `json:"replayed"` // run again through the contracts
}

// Replay audits a folder of copied blocks. The error is of the folder; what is wrong with the ledger stands in the report.
func Replay(dir string, config Config) (Report, error) {
	if config.Chaincode == "" {
		config.Chaincode = "guildmark"
	}
	files, err := count(dir)
	if err != nil {
		return Report{}, err
	}
	engine, err := replay.NewEngine()
	if err != nil {
		return Report{}, fmt.Errorf("audit: %w", err)
	}
	r := &run{config: config, engine: engine, state: state{}, policies: policies{}, seen: map[string]bool{}}
	r.report.Findings = []*Finding{}
	err = r.blocks(dir, files)
	if err == nil {
		err = r.books()
	}
	if f, ok := errors.AsType[*Finding](err); ok {
		r.report.Findings = append(r.report.Findings, f)
		err = nil
	}
	r.report.OK = err == nil && len(r.report.Findings) == 0
	return r.report, err
}

// run is one audit in progress. It stops at the first block that is wrong: what follows would only repeat it.
type run struct {
	config   Config
	engine   *replay.Engine
	conf     *configuration
	policies policies
	state    state
	seen     map[string]bool // transaction ids
	report   Report
}

func (r *run) blocks(dir string, files uint64) error {
	var previous []byte
	for n := range files {
		b, err := readBlock(dir, n)
		if err != nil {
			return err
		}
		if b == nil {
			return inBlock(CheckNumber, n, "its file is missing, %d files lie in the folder", files)
		}
		if err := checkLinks(b, n, previous); err != nil {
			return r.suspect(b, err)
		}
		header, err := headerBytes(b.GetHeader())
		if err != nil {
			return err
		}
		hash := sha256.Sum256(header)
		previous = hash[:]
		if err := r.block(b, n); err != nil {
			return err
		}
		if n == 0 {
			r.report.Genesis = hex.EncodeToString(previous)
			if r.config.Genesis != "" && r.config.Genesis != r.report.Genesis {
				return inBlock(CheckPrevious, 0, "the genesis block is %s, expected %s", r.report.Genesis, r.config.Genesis)
			}
		}
		r.report.Blocks++
	}
	return nil
}

// suspect names the transaction that made a block's hash wrong, if it can be told: the one whose own signatures fail.
func (r *run) suspect(b *common.Block, wrong error) error {
	var f *Finding
	if r.conf == nil || !errors.As(wrong, &f) || f.Check != CheckData {
		return wrong
	}
	for i, raw := range b.GetData().GetData() {
		t, e, err := readTransaction(raw)
		if err == nil {
			err = r.conf.checkCreator(t, e)
		}
		if err != nil {
			return &Finding{Check: CheckData, Block: f.Block, Tx: i, TxID: t.channel.GetTxId(), Detail: err.Error() + "; " + f.Detail}
		}
	}
	return wrong
}

func (r *run) block(b *common.Block, n uint64) error {
	data := b.GetData().GetData()
	flags := b.GetMetadata().GetMetadata()[common.BlockMetadataIndex_TRANSACTIONS_FILTER]
	if len(flags) != len(data) || len(data) == 0 {
		return inBlock(CheckFlag, n, "%d transactions, %d flags", len(data), len(flags))
	}
	var list []*transaction
	var envelopes []*common.Envelope
	for i, raw := range data {
		t, e, err := readTransaction(raw)
		if err != nil {
			return r.found(CheckCreator, n, i, t, err)
		}
		list, envelopes = append(list, t), append(envelopes, e)
	}
	if n == 0 {
		return r.genesis(list, flags)
	}
	if err := r.conf.checkOrderers(b, list[0].time()); err != nil {
		return err
	}
	for i, t := range list {
		if err := r.transaction(t, envelopes[i], n, i, peer.TxValidationCode(flags[i])); err != nil {
			return err
		}
	}
	return nil
}

func (r *run) found(check string, block uint64, tx int, t *transaction, err error) *Finding {
	return &Finding{Check: check, Block: block, Tx: tx, TxID: t.channel.GetTxId(), Detail: err.Error()}
}

// genesis takes the first configuration: the root of all trust in the copy, known by its hash.
func (r *run) genesis(list []*transaction, flags []byte) error {
	if len(list) != 1 || !list[0].isConfig() || flags[0] != byte(peer.TxValidationCode_VALID) {
		return inBlock(CheckConfig, 0, "not one valid configuration")
	}
	conf, err := readConfiguration(list[0].payload)
	if err != nil {
		return r.found(CheckConfig, 0, 0, list[0], err)
	}
	r.conf, r.report.Channel = conf, list[0].channel.GetChannelId()
	r.report.Transactions = Counts{All: 1, Valid: 1}
	return nil
}

// transaction judges one transaction, compares the verdict with the stored flag, and takes it in.
func (r *run) transaction(t *transaction, e *common.Envelope, block uint64, i int, flag peer.TxValidationCode) error {
	r.report.Transactions.All++
	if err := r.conf.checkCreator(t, e); err != nil {
		return r.found(CheckCreator, block, i, t, err)
	}
	if t.channel.GetChannelId() != r.report.Channel {
		return r.found(CheckCreator, block, i, t, fmt.Errorf("made for channel %s", t.channel.GetChannelId()))
	}
	if t.isConfig() {
		return r.configure(t, block, i, flag)
	}
	if err := r.conf.readAction(t); err != nil {
		return r.found(CheckEndorsement, block, i, t, err)
	}
	verdict, why, err := r.judge(t)
	if err != nil {
		return r.found(CheckFlag, block, i, t, err)
	}
	if verdict != flag {
		check := CheckFlag
		if verdict == peer.TxValidationCode_ENDORSEMENT_POLICY_FAILURE {
			check = CheckEndorsement
		}
		return r.found(check, block, i, t, fmt.Errorf("stored as %s, is %s: %s", flag, verdict, why))
	}
	r.seen[t.channel.GetTxId()] = true
	if flag != peer.TxValidationCode_VALID {
		r.report.Transactions.Invalid++
		return nil
	}
	return r.accept(t, block, i)
}

// judge recomputes a transaction's flag.
func (r *run) judge(t *transaction) (peer.TxValidationCode, string, error) {
	if r.seen[t.channel.GetTxId()] {
		return peer.TxValidationCode_DUPLICATE_TXID, "its id has been used", nil
	}
	if err := r.policies.check(t, r.conf); err != nil {
		return peer.TxValidationCode_ENDORSEMENT_POLICY_FAILURE, err.Error(), nil //nolint:nilerr // a verdict, not a failure to judge
	}
	code, err := r.state.judge(t)
	return code, "what it read had or had not changed", err
}

// accept runs a valid transaction again and applies it.
func (r *run) accept(t *transaction, block uint64, i int) error {
	r.report.Transactions.Valid++
	if t.chaincode == r.config.Chaincode {
		if f := r.again(t, block, i); f != nil {
			return f
		}
		r.report.Transactions.Replayed++
	}
	if err := r.policies.learn(t.public(lifecycleName).GetWrites()); err != nil {
		return r.found(CheckConfig, block, i, t, err)
	}
	r.state.apply(t, replay.Version{Block: block, Tx: uint64(i)}) //nolint:gosec // an index
	return nil
}

// again compares what the endorsers signed with what the contracts do on the replayed state.
func (r *run) again(t *transaction, block uint64, i int) *Finding {
	got := r.engine.Execute(r.state.space(r.config.Chaincode), replay.Tx{
		ID: t.channel.GetTxId(), Channel: t.channel.GetChannelId(), Creator: t.signature.GetCreator(), Timestamp: t.time(), Args: t.args,
	})
	want := t.action.GetResponse()
	if got.Status != want.GetStatus() || !bytes.Equal(got.Payload, want.GetPayload()) {
		return r.found(CheckResult, block, i, t, fmt.Errorf("endorsed %d %.200q, the contracts answer %d %.200q %s", want.GetStatus(), want.GetPayload(), got.Status, got.Payload, got.Message))
	}
	same := slices.EqualFunc(got.Writes, writes(t.public(r.config.Chaincode).GetWrites()), func(a, b replay.Write) bool {
		return a.Key == b.Key && a.Delete == b.Delete && bytes.Equal(a.Value, b.Value)
	})
	if !same {
		return r.found(CheckWrites, block, i, t, errors.New("the contracts write otherwise"))
	}
	if (got.Event == nil) != (t.event == nil) || got.Event != nil && (got.Event.Name != t.event.GetEventName() || !bytes.Equal(got.Event.Payload, t.event.GetPayload())) {
		return r.found(CheckResult, block, i, t, errors.New("the contracts announce another event"))
	}
	return nil
}

// configure takes in a changed configuration. A quorum of the orderers of the configuration before has signed the block.
func (r *run) configure(t *transaction, block uint64, i int, flag peer.TxValidationCode) error {
	next, err := readConfiguration(t.payload)
	switch {
	case err != nil:
		return r.found(CheckConfig, block, i, t, err)
	case flag != peer.TxValidationCode_VALID:
		return r.found(CheckFlag, block, i, t, fmt.Errorf("a configuration stored as %s", flag))
	case next.sequence != r.conf.sequence+1:
		return r.found(CheckConfig, block, i, t, fmt.Errorf("sequence %d after %d", next.sequence, r.conf.sequence))
	}
	r.conf = next
	r.report.Transactions.Valid++
	return nil
}
