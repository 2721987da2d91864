// Package chaincode is the map of the folder with the ledger's own words and rules; it holds no code. Read
// chaincode/docs/design.md first, then contract/orders/settle.go: how a payment settles an order.
//
// Does not import gateway, machine or network, and nothing below it does.
//
// The words of the project are in chaincode/docs/glossary.md, the rules T1 to T34 in chaincode/docs/rules.md, keys,
// documents and functions in chaincode/docs/ledger.md, and what stays open in chaincode/docs/threat-model.md.
package chaincode
