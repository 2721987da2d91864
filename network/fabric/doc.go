// Package fabric is one partner's calls on Hyperledger Fabric: it enrolls the partner's identities at the
// partner's own authorities, makes a channel's genesis block, joins the partner's orderer and peer, installs,
// approves and commits the chaincode, and is the external builder that the partner's peer calls.
//
// Does not know what the chaincode does, and opens no file of another partner's home: each function takes one
// [home.Home] and finds what others published in its inbox.
//
// Read enroll.go first, then genesis.go, join.go and lifecycle.go, in the order in which a partner takes
// these steps. [ErrFabric] means that Fabric refused a call, with Fabric's own words: the same call will be
// refused again. [ErrBuilder] means that a package is not one that this partner runs: compare the hash in it
// with that of the partner's chaincode.
package fabric
