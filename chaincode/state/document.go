package state

import (
	"errors"
	"fmt"

	"github.com/hyperledger/fabric-chaincode-go/v2/shim"

	"github.com/guildmark/guildmark/chaincode/ledger"
)

// find loads the document under a key; ok is false where there is none.
func find[T any](t *Transaction, key string) (v T, ok bool, err error) {
	text, err := t.text(key)
	if err != nil || text == "" {
		return v, false, err
	}
	if err := ledger.DecodeCanonical([]byte(text), &v); err != nil {
		// not a refusal: the caller is not at fault
		return v, false, fmt.Errorf("the document under %s is damaged: %s", key, err.Error())
	}
	return v, true, nil
}

// load loads the document under a key; the error is absent where there is none.
func load[T any](t *Transaction, key string, absent *ledger.Refusal) (T, error) {
	v, ok, err := find[T](t, key)
	if err == nil && !ok {
		err = absent.With(key)
	}
	return v, err
}

// list loads the documents of a family under leading parts of its keys, in order of their keys.
func list[T any](t *Transaction, family ledger.Family, parts ...string) ([]T, error) {
	start, end := family.Range(parts...)
	documents := []T{}
	err := t.each(start, end, func(_ string, value []byte) (bool, error) {
		var v T
		if err := ledger.DecodeCanonical(value, &v); err != nil {
			return false, err
		}
		documents = append(documents, v)
		return true, nil
	})
	return documents, err
}

// keys lists the keys of a family under leading parts, in order.
func (t *Transaction) keys(family ledger.Family, parts ...string) ([]string, error) {
	start, end := family.Range(parts...)
	var found []string
	err := t.each(start, end, func(key string, _ []byte) (bool, error) {
		found = append(found, key)
		return true, nil
	})
	return found, err
}

// each calls do for the keys from start inclusive to end exclusive, in order, until do reports false.
func (t *Transaction) each(start, end string, do func(key string, value []byte) (more bool, err error)) error {
	it, err := t.stub.GetStateByRange(start, end)
	if err != nil {
		return fmt.Errorf("range over %s: %w", start, err)
	}
	return errors.Join(walk(it, do), it.Close())
}

func walk(it shim.StateQueryIteratorInterface, do func(key string, value []byte) (bool, error)) error {
	for it.HasNext() {
		kv, err := it.Next()
		if err != nil {
			return fmt.Errorf("read the next key: %w", err)
		}
		if more, err := do(kv.GetKey(), kv.GetValue()); err != nil || !more {
			return err
		}
	}
	return nil
}

// text loads the plain text under a key, "" where there is none.
func (t *Transaction) text(key string) (string, error) {
	b, err := t.stub.GetState(key)
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
	if err := t.stub.PutState(key, []byte(value)); err != nil {
		return fmt.Errorf("write %s: %w", key, err)
	}
	return nil
}

func (t *Transaction) delete(key string) error {
	if err := t.stub.DelState(key); err != nil {
		return fmt.Errorf("delete %s: %w", key, err)
	}
	return nil
}

// create stores a document under a key that must be free. It reads the key first, so of two transactions
// in one block that create it Fabric makes the second invalid.
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
