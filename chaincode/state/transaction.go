package state

import (
	"crypto"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/hyperledger/fabric-chaincode-go/v2/pkg/cid"
	"github.com/hyperledger/fabric-chaincode-go/v2/shim"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/rules/consortium"
	"github.com/guildmark/guildmark/chaincode/rules/party"
)

// Clock tells an endorser's own time. It is used only to reject calls (T7).
type Clock func() time.Time

// Transaction is one call: who calls, under which configuration, and the ledger as it was before.
type Transaction struct {
	stub      shim.ChaincodeStubInterface
	clock     Clock
	caller    party.Caller
	callerKey crypto.PublicKey
	config    consortium.Config
}

// Begin reads the caller from the certificate that Fabric has checked, and the configuration in force.
func Begin(stub shim.ChaincodeStubInterface, clock Clock) (*Transaction, error) {
	t := &Transaction{stub: stub, clock: clock}
	if err := t.readCaller(); err != nil {
		return nil, err
	}
	var err error
	t.config, err = t.configInForce()
	return t, err
}

func (t *Transaction) readCaller() error {
	id, err := cid.New(t.stub)
	if err != nil {
		return party.ErrCaller.With(err.Error())
	}
	cert, err := id.GetX509Certificate()
	if err != nil || cert == nil {
		return party.ErrCaller.With("no X.509 certificate")
	}
	c := &t.caller
	if c.MSP, err = id.GetMSPID(); err != nil {
		return party.ErrCaller.With(err.Error())
	}
	if c.Role, _, err = id.GetAttributeValue("role"); err != nil {
		return party.ErrCaller.With("attribute role")
	}
	if c.Party, _, err = id.GetAttributeValue("party"); err != nil {
		return party.ErrCaller.With("attribute party")
	}
	sum := sha256.Sum256(cert.RawSubjectPublicKeyInfo)
	c.KeyHash = hex.EncodeToString(sum[:])
	t.callerKey = cert.PublicKey
	return nil
}

// Caller is who signed the proposal.
func (t *Transaction) Caller() party.Caller { return t.caller }

// CallerKey is the public key of the caller's certificate.
func (t *Transaction) CallerKey() crypto.PublicKey { return t.callerKey }

// Config is the configuration in force, the zero Config before the first. It MUST NOT be changed.
func (t *Transaction) Config() *consortium.Config { return &t.config }

// Channel is the channel's name.
func (t *Transaction) Channel() string { return t.stub.GetChannelID() }

// ID is the id of the Fabric transaction (not a Bitcoin txid).
func (t *Transaction) ID() string { return t.stub.GetTxID() }

// Stamp is the transaction's time in Unix seconds, as its submitter chose it.
func (t *Transaction) Stamp() (int64, error) {
	stamp, err := t.stub.GetTxTimestamp()
	if err != nil {
		return 0, consortium.ErrTransaction.With(err.Error())
	}
	return stamp.GetSeconds(), nil
}

// Now is the endorser's own time in Unix seconds: for rules that reject calls, never for what is written (T7).
func (t *Transaction) Now() int64 { return t.clock().Unix() }

// Event sets the transaction's one event.
func (t *Transaction) Event(name string, payload any) error {
	if err := t.stub.SetEvent(name, ledger.Encode(payload)); err != nil {
		return fmt.Errorf("set event %s: %w", name, err)
	}
	return nil
}
