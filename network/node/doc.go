// Package node supervises the processes of one network on one computer: it starts them in the order of their
// needs, finds out when they are ready, restarts those that end, logs it, and stops everything by process id.
//
// Does not know what a process is for, and puts no secret into an argument or an environment: a [Spec] holds
// names of files.
//
// Read supervisor.go first. A daemon serves a [Supervisor] on a unix socket ([Serve]); all others talk to it
// through a [Client]. [ErrUnknown] says that no process fits the selector: take one of those that the text
// behind it names. [ErrExists] says that the name is in use, [ErrSpec] that a process can't be run as
// described, [ErrDown] that the supervisor is stopping or does not run, [ErrPorts] that ports are in use.
package node
