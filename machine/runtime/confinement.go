package runtime

import (
	"fmt"
	"net"

	"golang.org/x/sys/unix"

	"github.com/guildmark/guildmark/chaincode/ledger"
)

// Refusals of a process whose memory could leak. They come before the job is read, so no use was burnt.
var (
	// ErrMemory means that the kernel did not lock the process's memory, so plaintext could be swapped to
	// disk. Raise the limit as the sentence says.
	ErrMemory = ledger.Refuse(ledger.Unavailable, "runtime.memory",
		"the runtime's memory can't be locked: give the machine's service LimitMEMLOCK=infinity or CAP_IPC_LOCK")
	// ErrDump means that the kernel did not let the process forbid core dumps and ptrace (Saw). Run on a
	// kernel that does.
	ErrDump = ledger.Refuse(ledger.Unavailable, "runtime.dump", "the runtime can't forbid dumps of its memory")
	// ErrNetwork means that the process has a network interface (Saw), or could get no network namespace of
	// its own. Give the service the right to make namespaces.
	ErrNetwork = ledger.Refuse(ledger.Unavailable, "runtime.network",
		"the runtime needs a network namespace without interfaces")
)

// lockMemory forbids dumps and locks every present and future page in memory, out of swap. It MUST come before
// the first secret.
func lockMemory() error {
	if err := forbidDumps(); err != nil {
		return err
	}
	// Debian 12 limits locked memory to 8 MiB, and a Go process reserves more. With CAP_IPC_LOCK no limit
	// applies, so an error here matters only if mlockall fails too.
	unlimited := unix.Rlimit{Cur: unix.RLIM_INFINITY, Max: unix.RLIM_INFINITY}
	raised := unix.Setrlimit(unix.RLIMIT_MEMLOCK, &unlimited)
	if err := unix.Mlockall(unix.MCL_CURRENT | unix.MCL_FUTURE | unix.MCL_ONFAULT); err != nil {
		return ErrMemory.With(fmt.Sprintf("mlockall: %v; raise the limit: %v", err, raised))
	}
	return nil
}

// forbidDumps keeps the process out of core dumps, and out of reach of ptrace and /proc/<pid>/mem for its own
// user.
func forbidDumps() error {
	if err := unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0); err != nil {
		return ErrDump.With(err.Error())
	}
	if err := unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{}); err != nil {
		return ErrDump.With(err.Error())
	}
	return nil
}

// checkNetwork refuses any interface that is up, the loopback included.
func checkNetwork() error {
	all, err := net.Interfaces()
	if err != nil {
		return ErrNetwork.With(err.Error())
	}
	for _, i := range all {
		if i.Flags&net.FlagLoopback == 0 || i.Flags&net.FlagUp != 0 {
			return ErrNetwork.With(i.Name)
		}
	}
	return nil
}
