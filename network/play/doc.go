// Package play brings a consortium's network up: CA material, genesis, processes, channels, chaincode; and tells how it is.
// It refuses to know what the chaincode does, to keep a process alive itself (package node does), and to put a secret anywhere but in files of mode 0600.
//
// Start reading at up.go: [Network.Up] is the list of steps. [ErrState] says that the folder holds something that can't be used (start over with a fresh one),
// [ErrTool] that a foreign program is missing (run make tools), [ErrFabric] that Fabric answered no.
package play
