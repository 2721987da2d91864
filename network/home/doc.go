// Package home is one partner's folder: who the partner is, which topology it knows, where each key, configuration and
// document lies, and with which mode it is written.
//
// Does not connect to anything, does not start a program, and never names a file of another partner's home: what other
// partners published lies in this home's own inbox.
//
// Read home.go first. [ErrHome] says that the folder is not a home, or one of another version: start over with a fresh
// network, or give the right folder.
package home
