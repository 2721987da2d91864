// Package orders is the contract of orders: buyers place them for their machines, and proven Bitcoin payments
// settle them. Read settle.go first: what happens when money arrives.
//
// Does not judge: package order does.
package orders
