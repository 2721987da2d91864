// Package tests tells stories across processes: the demo, faults, benchmarks, the commands that documents print,
// and rules about the tree.
// Nothing imports it.
//
// Read demo/story.go first.
package tests
