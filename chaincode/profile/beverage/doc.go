// Package beverage is the plain format beverage/1: a recipe as JSON Lines, a header first, then one step a
// line (fixtures/beverage/README.md). It holds the JSON Schema of the lines, and a reader that also checks
// what no schema can say: the order of the steps, their number, and the sum of their volumes.
//
// Does not print what a recipe holds: [FormatError] names the line and the broken rule, and keeps what was
// seen apart, for the recipe's owner only. The reader holds one line at a time and overwrites it with the
// next.
//
// Read reader.go first. Errors: [*FormatError] (the data is no recipe: its owner mends the line), and what
// the stream itself returns.
package beverage
