// Package process says how each program of one partner is run: it writes the program's configuration into the partner's
// home and describes the process for a supervisor; and it starts processes and waits until they are ready.
//
// Does not know another partner's home, does not judge what a program does, and never puts a secret into an argument or
// an environment: those are names of files.
//
// Read programs.go first, then fabric.go and service.go: one function a program. Supervise starts the supervisor.
// [ErrTool] says that a program is missing: run the make target that the error names. [ErrLate] says that processes did
// not become ready in time: the error names each with its state and log.
package process
