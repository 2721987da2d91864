// Package process describes how each program of one partner is run: it writes the program's configuration
// into the partner's home and makes the process's description for a supervisor. It starts processes and waits
// until they are ready.
//
// Does not read another partner's home, and puts no secret into an argument or an environment: those hold
// names of files.
//
// Read programs.go first, then fabric.go and service.go: one function a program. Supervise starts the
// supervisor. [ErrTool] means that a program is missing: run the make target that the error names. [ErrLate]
// means that processes did not become ready in time: the error names each with its state and the end of its
// log.
package process
