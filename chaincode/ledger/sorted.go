package ledger

// Ascending reports whether the list is sorted and names nothing twice, the canonical form of every list of
// names.
func Ascending(list []string) bool {
	for i := 1; i < len(list); i++ {
		if list[i-1] >= list[i] {
			return false
		}
	}
	return true
}

// Printable reports whether s is 1 to limit printable ASCII characters, the form of the names that clients
// choose.
func Printable(s string, limit int) bool {
	return len(s) > 0 && len(s) <= limit && every(s, func(c byte) bool { return c > ' ' && c < 0x7f })
}
