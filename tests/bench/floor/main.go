// Floor is the chaincode that the benchmark measures the product against: one blind write, one answer of a
// given size.
//
// It refuses to be part of the product: it is installed beside it, on a benchmark's own network, under the same
// endorsement policy, and holds no rule.
package main

import (
	"bytes"
	"fmt"
	"os"
	"strconv"

	"github.com/hyperledger/fabric-chaincode-go/v2/shim"
	"github.com/hyperledger/fabric-protos-go-apiv2/peer"
)

// floor is the chaincode.
type floor struct{}

func (floor) Init(shim.ChaincodeStubInterface) *peer.Response { return shim.Success(nil) }

// Invoke runs Put (key, value), which writes a value and reads nothing, or Noop (key, size), which touches no
// state and answers with so many bytes; its key is as long as the ids that the product is asked for.
func (floor) Invoke(stub shim.ChaincodeStubInterface) *peer.Response {
	name, args := stub.GetFunctionAndParameters()
	switch {
	case len(args) != 2:
		return shim.Error(fmt.Sprintf("%d arguments instead of 2", len(args)))
	case name == "Put":
		if err := stub.PutState(args[0], []byte(args[1])); err != nil {
			return shim.Error(err.Error())
		}
		return shim.Success(nil)
	case name == "Noop":
		n, err := strconv.Atoi(args[1])
		if err != nil || n < 0 || n > 1<<20 {
			return shim.Error(fmt.Sprintf("size %q", args[1]))
		}
		return shim.Success(bytes.Repeat([]byte("0"), n))
	}
	return shim.Error("no function " + name)
}

func main() {
	if err := serve(); err != nil {
		fmt.Fprintln(os.Stderr, "floor:", err)
		os.Exit(1)
	}
}

// serve runs until it is killed; the environment is the product's chaincode's.
func serve() error {
	var err error
	var tls shim.TLSProperties
	for name, to := range map[string]*[]byte{
		"CHAINCODE_TLS_CERT": &tls.Cert, "CHAINCODE_TLS_KEY": &tls.Key, "CHAINCODE_TLS_CLIENT_CA": &tls.ClientCACerts,
	} {
		if *to, err = os.ReadFile(os.Getenv(name)); err != nil {
			return err
		}
	}
	server := &shim.ChaincodeServer{
		CCID: os.Getenv("CHAINCODE_ID"), Address: os.Getenv("CHAINCODE_ADDRESS"),
		CC: floor{}, TLSProps: tls,
	}
	return server.Start()
}
