package contract

import (
	"errors"
	"fmt"

	"github.com/hyperledger/fabric-chaincode-go/v2/shim"
	"github.com/hyperledger/fabric-contract-api-go/v2/contractapi"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/rules/consortium"
	"github.com/guildmark/guildmark/chaincode/rules/party"
)

// Transaction is one call: who calls, under which configuration, and the ledger as it was before. Reads never see
// the call's own writes, as on Fabric.
type Transaction struct {
	contractapi.TransactionContext

	caller party.Caller
	config consortium.Config
}

// get loads the document under key into v; ok is false where there is none.
func (t *Transaction) get(key string, v any) (ok bool, err error) {
	doc, err := t.GetStub().GetState(key)
	if err != nil {
		return false, fmt.Errorf("read %s: %w", key, err)
	}
	if len(doc) == 0 {
		return false, nil
	}
	if err := ledger.DecodeCanonical(doc, v); err != nil {
		return false, fmt.Errorf("the document under %s is damaged: %s", key, err.Error())
	}
	return true, nil
}

// need is get for a document whose absence is a refusal.
func (t *Transaction) need(key string, v any, absent *ledger.Refusal) error {
	ok, err := t.get(key, v)
	if err == nil && !ok {
		return absent.With(key)
	}
	return err
}

// text loads the plain text under a key, "" where there is none.
func (t *Transaction) text(key string) (string, error) {
	b, err := t.GetStub().GetState(key)
	if err != nil {
		return "", fmt.Errorf("read %s: %w", key, err)
	}
	return string(b), nil
}

func (t *Transaction) has(key string) (bool, error) {
	s, err := t.text(key)
	return s != "", err
}

func (t *Transaction) put(key string, v any) error { return t.putText(key, string(ledger.Encode(v))) }

func (t *Transaction) putText(key, value string) error {
	if err := t.GetStub().PutState(key, []byte(value)); err != nil {
		return fmt.Errorf("write %s: %w", key, err)
	}
	return nil
}

// create stores a document under a key that must be free; the read makes two of a block conflict.
func (t *Transaction) create(key string, v any, taken *ledger.Refusal) error {
	return t.createText(key, string(ledger.Encode(v)), taken)
}

func (t *Transaction) createText(key, value string, taken *ledger.Refusal) error {
	found, err := t.has(key)
	if err != nil {
		return err
	}
	if found {
		return taken.With(key)
	}
	return t.putText(key, value)
}

// each calls do for every key of a family under its leading parts, in order.
func (t *Transaction) each(do func(key string, value []byte) error, family ledger.Family, parts ...string) error {
	start, end := family.Range(parts...)
	it, err := t.GetStub().GetStateByRange(start, end)
	if err != nil {
		return fmt.Errorf("range over %s: %w", start, err)
	}
	return errors.Join(walk(it, do), it.Close())
}

func walk(it shim.StateQueryIteratorInterface, do func(key string, value []byte) error) error {
	for it.HasNext() {
		kv, err := it.Next()
		if err != nil {
			return fmt.Errorf("read the next key: %w", err)
		}
		if err := do(kv.GetKey(), kv.GetValue()); err != nil {
			return err
		}
	}
	return nil
}

// event sets the transaction's one event.
func (t *Transaction) event(name string, payload any) error {
	if err := t.GetStub().SetEvent(name, ledger.Encode(payload)); err != nil {
		return fmt.Errorf("set event %s: %w", name, err)
	}
	return nil
}

// epoch is the ledger's coarse time, which every write that depends on time reads (T8).
func (t *Transaction) epoch() (int64, error) {
	var e consortium.Epoch
	err := t.need(consortium.EpochKey(), &e, consortium.ErrNoClock)
	return e.Number, err
}

// pinned demands that the caller's key stands in its recorded party (T1).
func (t *Transaction) pinned() error {
	var p party.Party
	if err := t.need(party.RecordKey(t.caller.Party), &p, party.ErrUnknown); err != nil {
		return err
	}
	return party.Pinned(t.caller, p)
}

// answer ends a function: a document as canonical JSON, a string as it is, a refusal as its line.
func answer(result any, err error) (string, error) {
	if err != nil {
		return "", line(err)
	}
	if s, ok := result.(string); ok {
		return s, nil
	}
	return string(ledger.Encode(result)), nil
}

// lineError is an error that reads as the one JSON line in which refusals travel.
type lineError struct{ *ledger.Refusal }

func (r lineError) Error() string { return r.Line() }

func line(err error) error {
	if r, ok := errors.AsType[*ledger.Refusal](err); ok {
		return lineError{r}
	}
	return err
}
