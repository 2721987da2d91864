package audit

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/hyperledger/fabric-protos-go-apiv2/common"
	"github.com/hyperledger/fabric-protos-go-apiv2/peer"

	"github.com/guildmark/guildmark/chaincode/replay"
)

// Config is what may be chosen.
type Config struct {
	Chaincode string // default guildmark
	Genesis   string // hex hash of the genesis block's header that the auditor knows; "" = report it only
	Headers   []byte // Bitcoin headers, a HeaderFile; nil = payments aren't compared with Bitcoin
	License   string // id of a license to report on, or a beginning that only it has; "" = none
}

// Report is what an audit found.
type Report struct {
	OK           bool       `json:"ok"`
	Channel      string     `json:"channel"`
	Genesis      string     `json:"genesis"` // hash of block 0's header
	Blocks       uint64     `json:"blocks"`
	Transactions Counts     `json:"transactions"`
	Invalid      []Invalid  `json:"invalid"` // by number
	Bitcoin      *Bitcoin   `json:"bitcoin,omitempty"`
	Books        *Books     `json:"books,omitempty"`
	License      *Licensed  `json:"license,omitempty"`
	Findings     []*Finding `json:"findings"`
}

// Counts sorts the transactions: All = Valid + Invalid; Valid = Replayed + Configurations + Definitions +
// Others.
type Counts struct {
	All      int `json:"all"`
	Valid    int `json:"valid"`
	Invalid  int `json:"invalid"`  // rightly flagged
	Replayed int `json:"replayed"` // run again through the contracts
	// Fabric's own: configurations of the channel, the genesis block's included
	Configurations int `json:"configurations"`
	Definitions    int `json:"definitions"` // Fabric's own: approvals and commits of chaincode definitions
	Others         int `json:"others"`      // of other chaincodes on the channel
}

// Replay audits a folder of copied blocks: each block's links and signatures -> each transaction's creator,
// endorsements and flag -> the contracts again -> the books -> Bitcoin's headers. What is wrong with the
// ledger stands in the report; an error means that the audit could not be made.
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
	r := &run{
		config: config, engine: engine, state: state{}, policies: policies{}, seen: map[string]bool{},
		acts: acts{},
	}
	r.report.Findings, r.report.Invalid = []*Finding{}, []Invalid{}
	err = r.blocks(dir, files)
	slices.SortFunc(r.report.Invalid, func(a, b Invalid) int {
		return cmp.Or(b.Count-a.Count,
			strings.Compare(a.Function, b.Function))
	})
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

// run is one audit in progress. It stops at the first finding in a block, since all later blocks build on it.
type run struct {
	config   Config
	engine   *replay.Engine
	conf     *configuration
	policies policies
	state    state
	seen     map[string]bool // transaction ids
	acts     acts
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
			return inBlock(CheckNumber, n, "the folder holds %d blocks, the file %s is missing", files,
				filepath.Base(blockFile(dir, n)))
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
				return inBlock(CheckGenesis, 0, "the genesis block is %s, expected %s", r.report.Genesis,
					r.config.Genesis)
			}
		}
		r.report.Blocks++
	}
	return nil
}

// suspect names the transaction that made a block's hash wrong, if it can be told: the one whose own
// signatures fail.
func (r *run) suspect(b *common.Block, wrong error) error {
	var f *Finding
	if r.conf == nil || !errors.As(wrong, &f) || f.Check != CheckData {
		return wrong
	}
	for i, raw := range b.GetData().GetData() {
		t, e, err := readTransaction(raw)
		if err == nil {
			_, err = r.conf.checkCreator(t, e)
		}
		if err != nil {
			return &Finding{
				Check: CheckData, Block: f.Block, Tx: i, TxID: t.channel.GetTxId(),
				Detail: err.Error() + "; " + f.Detail,
			}
		}
	}
	return wrong
}

func (r *run) block(b *common.Block, n uint64) error {
	data := b.GetData().GetData()
	flags := b.GetMetadata().GetMetadata()[common.BlockMetadataIndex_TRANSACTIONS_FILTER]
	if len(flags) != len(data) || len(data) == 0 {
		return inBlock(CheckFlag, n, "expected one flag for each transaction, got %d flags for %d transactions",
			len(flags), len(data))
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
		return inBlock(CheckConfig, 0, "expected one valid channel configuration and nothing else, got %d "+
			"transactions", len(list))
	}
	conf, err := readConfiguration(list[0].payload)
	if err != nil {
		return r.found(CheckConfig, 0, 0, list[0], err)
	}
	r.conf, r.report.Channel = conf, list[0].channel.GetChannelId()
	r.report.Transactions = Counts{All: 1, Valid: 1, Configurations: 1}
	return nil
}

// transaction judges one transaction, compares the verdict with the stored flag, and takes it in.
func (r *run) transaction(t *transaction, e *common.Envelope, block uint64, i int, flag peer.TxValidationCode) error {
	r.report.Transactions.All++
	writer, err := r.conf.checkCreator(t, e)
	if err != nil {
		return r.found(CheckCreator, block, i, t, err)
	}
	if t.channel.GetChannelId() != r.report.Channel {
		return r.found(CheckCreator, block, i, t,
			fmt.Errorf("made for channel %s, expected %s", t.channel.GetChannelId(), r.report.Channel))
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
		return r.found(check, block, i, t, fmt.Errorf("stored as %s, expected %s: %s", flag, verdict, why))
	}
	r.seen[t.channel.GetTxId()] = true
	if flag != peer.TxValidationCode_VALID {
		r.report.Transactions.Invalid++
		r.reject(t, writer, flag)
		return nil
	}
	return r.accept(t, writer, block, i)
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
	if code == peer.TxValidationCode_VALID {
		return code, "nothing that it read had changed", err
	}
	return code, "something that it read had changed", err
}

// accept runs a valid transaction again and applies it.
func (r *run) accept(t *transaction, writer string, block uint64, i int) error {
	r.report.Transactions.Valid++
	switch t.chaincode {
	case r.config.Chaincode:
		if f := r.again(t, block, i); f != nil {
			return f
		}
		r.report.Transactions.Replayed++
	case lifecycleName:
		r.report.Transactions.Definitions++
	default:
		r.report.Transactions.Others++
	}
	if err := r.policies.learn(t.public(lifecycleName).GetWrites()); err != nil {
		return r.found(CheckConfig, block, i, t, err)
	}
	at := replay.Version{Block: block, Tx: uint64(i)} //nolint:gosec // an index
	r.state.apply(t, at)
	r.acts[at] = newAct(t, writer, block)
	return nil
}

// again compares what the endorsers signed with what the contracts do on the replayed state.
func (r *run) again(t *transaction, block uint64, i int) *Finding {
	got := r.engine.Execute(r.state.space(r.config.Chaincode), replay.Tx{
		ID: t.channel.GetTxId(), Channel: t.channel.GetChannelId(), Creator: t.signature.GetCreator(),
		Timestamp: t.time(), Args: t.args,
	})
	want := t.action.GetResponse()
	if got.Status != want.GetStatus() || !bytes.Equal(got.Payload, want.GetPayload()) {
		return r.found(CheckResult, block, i, t,
			fmt.Errorf("endorsed status %d and result %.200q, the contracts return %d and %.200q %s",
				want.GetStatus(), want.GetPayload(), got.Status, got.Payload, got.Message))
	}
	if err := sameWrites(writes(t.public(r.config.Chaincode).GetWrites()), got.Writes); err != nil {
		return r.found(CheckWrites, block, i, t, err)
	}
	if (got.Event == nil) != (t.event == nil) || got.Event != nil &&
		(got.Event.Name != t.event.GetEventName() || !bytes.Equal(got.Event.Payload, t.event.GetPayload())) {
		return r.found(CheckResult, block, i, t,
			fmt.Errorf("the contracts set another event than the endorsed %q", t.event.GetEventName()))
	}
	return nil
}

// sameWrites names the first key that is written otherwise.
func sameWrites(endorsed, run []replay.Write) error {
	for i := range max(len(endorsed), len(run)) {
		switch {
		case i >= len(run):
			return fmt.Errorf("%d keys are written as endorsed, the contracts write %d: %q is not among them",
				len(endorsed), len(run), endorsed[i].Key)
		case i >= len(endorsed):
			return fmt.Errorf("%d keys are written as endorsed, the contracts write %d: also %q",
				len(endorsed), len(run), run[i].Key)
		}
		a, b := endorsed[i], run[i]
		if a.Key != b.Key || a.Delete != b.Delete || !bytes.Equal(a.Value, b.Value) {
			return fmt.Errorf("endorsed %q = %.200q, the contracts write %q = %.200q", a.Key, a.Value, b.Key, b.Value)
		}
	}
	return nil
}

// configure takes in a changed configuration. A quorum of the orderers of the configuration before has signed
// the block.
func (r *run) configure(t *transaction, block uint64, i int, flag peer.TxValidationCode) error {
	next, err := readConfiguration(t.payload)
	switch {
	case err != nil:
		return r.found(CheckConfig, block, i, t, err)
	case flag != peer.TxValidationCode_VALID:
		return r.found(CheckFlag, block, i, t,
			fmt.Errorf("a channel configuration stored as %s, expected VALID", flag))
	case next.sequence != r.conf.sequence+1:
		return r.found(CheckConfig, block, i, t,
			fmt.Errorf("expected configuration sequence %d, got %d", r.conf.sequence+1, next.sequence))
	}
	r.conf = next
	r.report.Transactions.Valid++
	r.report.Transactions.Configurations++
	return nil
}
