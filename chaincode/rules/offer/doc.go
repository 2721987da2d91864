// Package offer holds the rules of offers: the terms under which a dataset can be licensed.
//
// It does not look at the dataset: that it is published and the licensor's own is package dataset's and the contract's.
package offer
