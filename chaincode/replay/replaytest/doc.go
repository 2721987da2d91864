// Package replaytest is a consortium for tests: callers with certificates, a configuration, a trust bundle, a
// machine's keys in software, and the real contracts on a ledger in memory. Read world.go first.
//
// Does not start a process and is no part of the product: only tests import it. What differs between two
// peers that run the same call fails the test.
package replaytest
