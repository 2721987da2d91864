package contract

import (
	"fmt"
	"time"

	"github.com/hyperledger/fabric-chaincode-go/v2/shim"
	"github.com/hyperledger/fabric-contract-api-go/v2/contractapi"
	"github.com/hyperledger/fabric-protos-go-apiv2/peer"
)

// Clock tells an endorser's own time; it is used only to refuse (T7).
type Clock func() time.Time

// Chaincode is the whole ledger program, as the shim runs it.
type Chaincode struct {
	contracts *contractapi.ContractChaincode
}

// New builds the chaincode around an endorser's own clock.
func New(clock Clock) (*Chaincode, error) {
	cc, err := contractapi.NewChaincode(contracts(clock)...)
	if err != nil {
		return nil, fmt.Errorf("build the contracts: %w", err)
	}
	cc.DefaultContract = "" // a call without a contract's name reaches nothing
	return &Chaincode{contracts: cc}, nil
}

func contracts(clock Clock) []contractapi.ContractInterface {
	return []contractapi.ContractInterface{
		&Governance{Contract: named("governance"), clock: clock},
		&Catalogue{Contract: named("catalogue")},
		&Machines{Contract: named("machines")},
		&Orders{Contract: named("orders"), clock: clock},
		&Bitcoin{Contract: named("bitcoin")},
		&Licenses{Contract: named("licenses"), clock: clock},
		&Royalties{Contract: named("royalties")},
	}
}

func named(name string) contractapi.Contract {
	return contractapi.Contract{
		Name:                      name,
		TransactionContextHandler: new(Transaction),
		BeforeTransaction:         before,
		UnknownTransaction:        unknown,
	}
}

// Init does nothing and takes nothing: the ledger starts with governance:Propose.
func (c *Chaincode) Init(stub shim.ChaincodeStubInterface) *peer.Response {
	if name, _ := stub.GetFunctionAndParameters(); name != "" {
		return shim.Error(ErrUnknownFunction.With(name).Line())
	}
	return shim.Success(nil)
}

// Invoke refuses every name that the authorization table doesn't spell exactly so, then calls the function.
// A panic is a defect of ours; it fails its own transaction and leaves the process to the others.
func (c *Chaincode) Invoke(stub shim.ChaincodeStubInterface) (response *peer.Response) {
	defer func() {
		if p := recover(); p != nil {
			response = shim.Error(fmt.Sprintf("internal: %v", p))
		}
	}()
	name, _ := stub.GetFunctionAndParameters()
	if _, ok := ruleOf(name); !ok {
		return shim.Error(ErrUnknownFunction.With(name).Line())
	}
	return c.contracts.Invoke(stub)
}
