package agent

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/guildmark/guildmark/machine/device"
	"github.com/guildmark/guildmark/machine/enrollment"
	"github.com/guildmark/guildmark/machine/purchase"
	"github.com/guildmark/guildmark/machine/tpm"
)

// Check is one thing that must be right, and what to do when it isn't.
type Check struct {
	Name   string `json:"name"`
	OK     bool   `json:"ok"`
	Detail string `json:"detail"`
	Todo   string `json:"todo,omitempty"`
}

// Doctor looks at everything that a purchase and a use need. It changes nothing.
func (a *Agent) Doctor(ctx context.Context) []Check {
	return []Check{
		a.checkTPM(ctx),
		a.checkEnrolled(),
		checkMemory(),
		a.checkDevices(),
		checkServer("gateway", a.gateway.URL(), a.gateway.Health(ctx)),
		checkServer("authorization server", a.issuer.URL(), a.issuer.Health(ctx)),
		a.checkSignIn(ctx),
		a.checkPurchases(),
	}
}

func verdict(name string, err error, good, todo string) Check {
	if err != nil {
		return Check{Name: name, Detail: err.Error(), Todo: todo}
	}
	return Check{Name: name, OK: true, Detail: good}
}

func (a *Agent) checkTPM(ctx context.Context) Check {
	const todo = "is the TPM (or swtpm) running, may this user open it, does no other program hold it?"
	conn, err := a.dial(ctx)
	if err != nil {
		return verdict("TPM", err, "", todo)
	}
	_, err = tpm.EKCertificate(conn)
	return verdict("TPM", errors.Join(err, conn.Close()), a.config.TPM+" answers and has an endorsement certificate", todo)
}

func (a *Agent) checkEnrolled() Check {
	e, err := enrollment.Load(a.folder)
	if err == nil {
		_, err = a.store().Trust(e.Bundle)
	}
	good := fmt.Sprintf("machine %s, trust bundle %d, activated by %v", e.Machine.ID, e.Bundle, e.Custodians)
	return verdict("enrollment", err, good, "run `machine enroll --code-file FILE` with the code from the registrar's partner")
}

// checkMemory asks for what the runtime needs: CAP_IPC_LOCK or a limit high enough for a Go process.
func checkMemory() Check {
	var limit unix.Rlimit
	err := unix.Getrlimit(unix.RLIMIT_MEMLOCK, &limit)
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var have [2]unix.CapUserData
	if err == nil {
		err = unix.Capget(&header, &have[0])
	}
	if err == nil && have[0].Effective&(1<<unix.CAP_IPC_LOCK) == 0 && limit.Max != unix.RLIM_INFINITY {
		err = fmt.Errorf("at most %d kB can be locked", limit.Max/1024)
	}
	return verdict("locked memory", err, "the runtime can lock its memory", "give the service LimitMEMLOCK=infinity or CAP_IPC_LOCK")
}

func (a *Agent) checkDevices() Check {
	var lines []string
	var failed error
	for _, d := range a.config.Devices {
		made, err := a.openDevice(d.Profile)
		failed = errors.Join(failed, err)
		line := string(d.Profile)
		if says, ok := made.(device.Describer); ok {
			line += ": " + says.Describe()
		}
		lines = append(lines, line)
	}
	if len(a.config.Devices) == 0 {
		failed = errors.New("none is set up")
	}
	return verdict("devices", failed, strings.Join(lines, "; "), "describe each device under `devices` in the configuration")
}

func checkServer(name, url string, err error) Check {
	return verdict(name, err, url+" answers", "without it only `use`, `licenses` and `verify` work; check its address and CA file")
}

func (a *Agent) checkSignIn(ctx context.Context) Check {
	const todo = "is the machine registered, its clock right within a minute, and the issuer's URL exactly the issuer's own?"
	s, err := a.open(ctx)
	if err != nil {
		return verdict("sign-in", err, "", todo)
	}
	_, err = s.signIn.Bearer(ctx)
	return verdict("sign-in", errors.Join(err, s.close()), "the authorization server accepts the TPM's signature", todo)
}

func (a *Agent) checkPurchases() Check {
	all, err := purchase.All(a.folder)
	for _, p := range all {
		if err == nil && !p.Ended() {
			err = fmt.Errorf("the purchase of offer %s stands at %q", p.Offer, p.Step)
		}
	}
	return verdict("purchases", err, fmt.Sprintf("%d ended, none interrupted", len(all)), "run `machine sync`: it goes on where it stopped")
}
