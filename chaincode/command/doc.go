// Package command is the one frame of the project's eight programs: command line, help, completion, output in
// words or as JSON, progress, refusals and exit codes.
//
// A program is a tree of [Command] values; [Main] runs it and returns the exit code. Every program therefore takes
// --help, --version, --output text|json, the commands help and completion, and ends with the same exit codes:
//
//	0  done; a service ended because it was told to
//	1  refused or failed: standard error names the check that rejected, or the step that failed
//	2  wrong usage: the command line can't be used
//
// Results go to standard output: words for people, or one JSON document. Progress and errors go to standard
// error. With
// --output json there is no progress, and an error is one JSON object with code, kind, message and saw.
//
// Does not decide anything about the ledger, read the environment or open a file.
//
// Read command.go first, then run.go. Errors: [Usage] makes the error for a command line that can't be used;
// [ErrFailed] and [ErrInterrupted] are the codes of errors that carry no refusal of their own.
package command
