// Command plain is the smallest chaincode that tests of the network need: it stores and finds text. It refuses nothing and is no part of the product.
package main

import (
	"fmt"
	"os"

	"github.com/hyperledger/fabric-chaincode-go/v2/shim"
	"github.com/hyperledger/fabric-contract-api-go/v2/contractapi"
)

// Plain stores text under keys.
type Plain struct {
	contractapi.Contract
}

// Put stores.
func (Plain) Put(ctx contractapi.TransactionContextInterface, key, value string) error {
	return ctx.GetStub().PutState(key, []byte(value))
}

// Get finds.
func (Plain) Get(ctx contractapi.TransactionContextInterface, key string) (string, error) {
	value, err := ctx.GetStub().GetState(key)
	return string(value), err
}

// Who tells the caller's attributes.
func (Plain) Who(ctx contractapi.TransactionContextInterface) (string, error) {
	msp, err := ctx.GetClientIdentity().GetMSPID()
	if err != nil {
		return "", err
	}
	role, _, err := ctx.GetClientIdentity().GetAttributeValue("role")
	if err != nil {
		return "", err
	}
	party, _, err := ctx.GetClientIdentity().GetAttributeValue("party")
	return msp + " " + role + " " + party, err
}

func main() {
	if err := serve(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func serve() error {
	chaincode, err := contractapi.NewChaincode(&Plain{})
	if err != nil {
		return err
	}
	var pem [3][]byte
	for i, name := range []string{"CHAINCODE_TLS_KEY", "CHAINCODE_TLS_CERT", "CHAINCODE_TLS_CLIENT_CA"} {
		if pem[i], err = os.ReadFile(os.Getenv(name)); err != nil {
			return err
		}
	}
	server := &shim.ChaincodeServer{
		CCID: os.Getenv("CHAINCODE_ID"), Address: os.Getenv("CHAINCODE_ADDRESS"), CC: chaincode,
		TLSProps: shim.TLSProperties{Key: pem[0], Cert: pem[1], ClientCACerts: pem[2]},
	}
	return server.Start()
}
