// Package home is one partner's folder: the partner's name and topology, and the path and mode of each key,
// configuration and document.
//
// Does not connect to anything or start a program, and names no file of another partner's home: what other partners
// published is in this home's own inbox.
//
// Read home.go first, then layout.go. [ErrHome] means that the folder is not a home, or one of another
// version: name the right folder, or start over with a fresh network.
package home
