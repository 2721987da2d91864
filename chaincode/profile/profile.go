// Package profile names the kinds of technology data. Each profile's own package below it (beverage) holds
// the schema and the reader of its plain format, for the licensor who seals, the editor who writes, and the
// device that makes the product.
//
// Does not know which profiles there are: licensors and machines each keep the table of those that they can
// handle, and the ledger takes any name.
package profile

import "strings"

// ID is a technology and the version of its format: "beverage/1". Manifests and machine.json carry it.
type ID string

// Technology is the profile's name without its version.
func (id ID) Technology() string {
	technology, _, _ := strings.Cut(string(id), "/")
	return technology
}
