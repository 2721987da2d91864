// Package topology describes a consortium: its partners, their processes, who is enrolled, and which port
// each process listens on; and the connection file that clients of a running network read.
//
// Does not start anything, connect to anything, or write a file but the connection file.
//
// Read topology.go first. [Decode] is the only way in for a description that people wrote, [Default] is the
// one that ships. [ErrSyntax] means that the text is not the expected JSON: mend the file. [ErrInvalid] means
// that the description can't work: change the value that the text behind it names. [ErrIdentity] means that a
// name fits no identity or several.
package topology
