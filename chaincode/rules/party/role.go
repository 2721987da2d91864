package party

// The roles of the ledger.
const (
	Governor  = "governor"
	Heartbeat = "heartbeat"
	Custodian = "custodian"
	Registrar = "registrar"
	Oracle    = "oracle"
	Licensor  = "licensor"
	Buyer     = "buyer"
	Reader    = "reader"
	Auditor   = "auditor"
)

// Roles lists every role, sorted.
func Roles() []string {
	return []string{Auditor, Buyer, Custodian, Governor, Heartbeat, Licensor, Oracle, Reader, Registrar}
}

// Homes gives the MSPs that may grant a role; the governed configuration knows them.
type Homes func(role string) []string
