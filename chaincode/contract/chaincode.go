package contract

import (
	"errors"
	"fmt"
	"strconv"

	"github.com/hyperledger/fabric-chaincode-go/v2/shim"
	"github.com/hyperledger/fabric-protos-go-apiv2/peer"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/state"
)

// Refusals of calls as such.
var (
	// ErrUnknownFunction means that a call names no function of the table, or spells it differently. Compare it
	// with chaincode/docs/ledger.md; client and ledger may be of different versions.
	ErrUnknownFunction = ledger.Refuse(ledger.Invalid, "function.unknown",
		"the ledger has no function of exactly this name")
	// ErrArguments means that a call has more or fewer arguments than the function takes. Saw names both numbers.
	ErrArguments = ledger.Refuse(ledger.Invalid, "function.arguments",
		"the function takes another number of arguments")
)

// Chaincode is the whole ledger program, as Fabric's shim runs it.
type Chaincode struct {
	functions map[string]state.Function
	clock     state.Clock
}

// New builds the chaincode around an endorser's own clock.
func New(clock state.Clock) (*Chaincode, error) {
	functions, err := index(Functions())
	if err != nil {
		return nil, fmt.Errorf("build the chaincode: %w", err)
	}
	return &Chaincode{functions: functions, clock: clock}, nil
}

// Init does nothing and takes nothing: the ledger starts with governance:Propose.
func (c *Chaincode) Init(stub shim.ChaincodeStubInterface) *peer.Response {
	if name, _ := stub.GetFunctionAndParameters(); name != "" {
		return failure(ErrUnknownFunction.With(name))
	}
	return shim.Success(nil)
}

// Invoke runs one call. A panic is a defect of this program: it fails its own transaction, and the process
// goes on with the others.
func (c *Chaincode) Invoke(stub shim.ChaincodeStubInterface) (response *peer.Response) {
	defer func() {
		if p := recover(); p != nil {
			response = shim.Error(fmt.Sprintf("internal: %v", p))
		}
	}()
	result, err := c.call(stub)
	if err != nil {
		return failure(err)
	}
	return shim.Success([]byte(result))
}

// call finds the function, which must be spelled exactly as in the table, judges the caller and runs it.
func (c *Chaincode) call(stub shim.ChaincodeStubInterface) (string, error) {
	name, args := stub.GetFunctionAndParameters()
	f, ok := c.functions[name]
	if !ok {
		return "", ErrUnknownFunction.With(name)
	}
	if len(args) != f.Call.Args {
		return "", ErrArguments.With(strconv.Itoa(len(args)) + " instead of " + strconv.Itoa(f.Call.Args))
	}
	t, err := state.Begin(stub, c.clock)
	if err != nil {
		return "", err
	}
	if err := authorize(t, f); err != nil {
		return "", err
	}
	return f.Call.Run(t, args)
}

// failure is an error as it leaves: a refusal as its one JSON line.
func failure(err error) *peer.Response {
	if r, ok := errors.AsType[*ledger.Refusal](err); ok {
		return shim.Error(r.Line())
	}
	return shim.Error(err.Error())
}
