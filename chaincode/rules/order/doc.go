// Package order holds the rules of orders: placing, the state as a pure function of their outputs, settling.
//
// It refuses to read a clock or a chain: both come in as values.
package order
