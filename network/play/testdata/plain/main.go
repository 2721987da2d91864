// Command plain is the smallest chaincode that tests of the network need: it stores and finds text. It is no
// part of the product.
package main

import (
	"fmt"
	"os"

	"github.com/hyperledger/fabric-chaincode-go/v2/pkg/cid"
	"github.com/hyperledger/fabric-chaincode-go/v2/shim"
	"github.com/hyperledger/fabric-protos-go-apiv2/peer"
)

// plain stores text under keys.
type plain struct{}

func (plain) Init(shim.ChaincodeStubInterface) *peer.Response { return shim.Success(nil) }

// Invoke runs Put (key, text), Get (key) or Who, which tells the caller's attributes.
func (plain) Invoke(stub shim.ChaincodeStubInterface) *peer.Response {
	name, args := stub.GetFunctionAndParameters()
	var result string
	var err error
	switch {
	case name == "Put" && len(args) == 2:
		err = stub.PutState(args[0], []byte(args[1]))
	case name == "Get" && len(args) == 1:
		var value []byte
		value, err = stub.GetState(args[0])
		result = string(value)
	case name == "Who" && len(args) == 0:
		result, err = who(stub)
	default:
		err = fmt.Errorf("no function %s of %d arguments", name, len(args))
	}
	if err != nil {
		return shim.Error(err.Error())
	}
	return shim.Success([]byte(result))
}

func who(stub shim.ChaincodeStubInterface) (string, error) {
	id, err := cid.New(stub)
	if err != nil {
		return "", err
	}
	msp, err := id.GetMSPID()
	if err != nil {
		return "", err
	}
	role, _, err := id.GetAttributeValue("role")
	if err != nil {
		return "", err
	}
	party, _, err := id.GetAttributeValue("party")
	return msp + " " + role + " " + party, err
}

func main() {
	if err := serve(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func serve() error {
	var pem [3][]byte
	var err error
	for i, name := range []string{"CHAINCODE_TLS_KEY", "CHAINCODE_TLS_CERT", "CHAINCODE_TLS_CLIENT_CA"} {
		if pem[i], err = os.ReadFile(os.Getenv(name)); err != nil {
			return err
		}
	}
	server := &shim.ChaincodeServer{
		CCID: os.Getenv("CHAINCODE_ID"), Address: os.Getenv("CHAINCODE_ADDRESS"), CC: plain{},
		TLSProps: shim.TLSProperties{Key: pem[0], Cert: pem[1], ClientCACerts: pem[2]},
	}
	return server.Start()
}
