// Package node supervises the processes of one network on one machine: it starts them in the order of their needs, finds out when they are ready,
// starts again what dies, says so in a log, and stops everything by process id. It refuses to know what a process is for, and it never puts a
// secret into an argument or an environment: a [Spec] holds names of files.
//
// Start reading at supervisor.go. A daemon serves a [Supervisor] on a unix socket ([Serve]); everybody else talks to it through a [Client].
// [ErrUnknown] says that no process fits the selector, [ErrExists] that a name is taken, [ErrSpec] that a spec can't work,
// [ErrDown] that the supervisor is stopping or gone.
package node
