//go:build tools

// Package tools pins the foreign programs that the network runs.
package tools

import (
	_ "github.com/btcsuite/btcd"
	_ "github.com/hyperledger/fabric/cmd/configtxgen"
	_ "github.com/hyperledger/fabric/cmd/orderer"
	_ "github.com/hyperledger/fabric/cmd/peer"
)
