//go:build tools

// Package tools pins Fabric CA in a module of its own: beside Fabric, minimal version selection gives it
// viper v1.20, which writes the keys of nested lists in lower case, so that a registrar's hf.Registrar.Roles
// in the configuration file no longer counts (error 71). Its own viper v1.7 doesn't.
package tools

import _ "github.com/hyperledger/fabric-ca/cmd/fabric-ca-server"
