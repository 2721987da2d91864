package consortium

// Proposed is the payload of config.proposed.
type Proposed struct {
	Hash    string `json:"hash"`
	Version int    `json:"version"`
}

// Approved is the payload of config.approved.
type Approved struct {
	Hash    string `json:"hash"`
	MSP     string `json:"msp"`
	Version int    `json:"version"` // 0 while approvals are missing
}

// InForce is governance:Approve's result: the version in force, 0 for none.
type InForce struct {
	Version int `json:"version"`
}
