// Floor is the chaincode that the benchmark measures the product against: one blind write, one answer of a given size.
//
// It refuses to be part of the product: it is installed beside it, on a benchmark's own network, under the same
// endorsement policy, and holds no rule.
package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/hyperledger/fabric-chaincode-go/v2/shim"
	"github.com/hyperledger/fabric-contract-api-go/v2/contractapi"
)

// Contract is the floor's one contract.
type Contract struct{ contractapi.Contract }

// Put writes a value and reads nothing.
func (*Contract) Put(t contractapi.TransactionContextInterface, key, value string) error {
	return t.GetStub().PutState(key, []byte(value))
}

// Noop touches no state and answers with so many bytes; key is as long as the ids that the product is asked for.
func (*Contract) Noop(_ contractapi.TransactionContextInterface, _, size string) (string, error) {
	n, err := strconv.Atoi(size)
	if err != nil || n < 0 || n > 1<<20 {
		return "", fmt.Errorf("size %q", size)
	}
	return strings.Repeat("0", n), nil
}

func main() {
	if err := serve(); err != nil {
		fmt.Fprintln(os.Stderr, "floor:", err)
		os.Exit(1)
	}
}

// serve runs until it is killed; the environment is the product's chaincode's.
func serve() error {
	cc, err := contractapi.NewChaincode(&Contract{})
	if err != nil {
		return err
	}
	var tls shim.TLSProperties
	for name, to := range map[string]*[]byte{
		"CHAINCODE_TLS_CERT": &tls.Cert, "CHAINCODE_TLS_KEY": &tls.Key, "CHAINCODE_TLS_CLIENT_CA": &tls.ClientCACerts,
	} {
		if *to, err = os.ReadFile(os.Getenv(name)); err != nil {
			return err
		}
	}
	server := &shim.ChaincodeServer{CCID: os.Getenv("CHAINCODE_ID"), Address: os.Getenv("CHAINCODE_ADDRESS"), CC: cc, TLSProps: tls}
	return server.Start()
}
