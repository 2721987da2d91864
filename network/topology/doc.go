// Package topology describes a consortium: its partners, what each of them runs, who is enrolled, and which ports everything listens on.
// It refuses to start, connect to or write anything but the description itself.
//
// Start reading at topology.go. [Decode] is the only way in for a description made by people; [Default] is the one that ships.
// [ErrSyntax] means that the text isn't the JSON expected (mend the file), [ErrInvalid] that it says something that can't work (mend the plan).
package topology
