package agent

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/guildmark/guildmark/machine/device"
	"github.com/guildmark/guildmark/machine/enrollment"
	"github.com/guildmark/guildmark/machine/market"
	"github.com/guildmark/guildmark/machine/purchase"
	"github.com/guildmark/guildmark/machine/tpm"
)

// Check is one thing that must be right, and what to do when it isn't.
type Check struct {
	Name   string `json:"name"`
	OK     bool   `json:"ok"`
	Waits  bool   `json:"waits,omitempty"` // it can't be judged before another check is right: Detail says which
	Detail string `json:"detail"`
	Todo   string `json:"todo,omitempty"`
}

// Doctor looks at everything that enrollment, a purchase and a use need. It changes nothing.
func (a *Agent) Doctor(ctx context.Context) []Check {
	enrolled, err := enrollment.Load(a.folder)
	checks := []Check{a.checkTPM(ctx), a.checkEnrolled(enrolled, err), checkMemory(), a.checkDevices()}
	servers, reached := a.checkServers(ctx, err == nil)
	checks = append(checks, servers...)
	return append(checks, a.checkSignIn(ctx, err == nil, reached), a.checkPurchases())
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
	return verdict("TPM", errors.Join(err, conn.Close()), a.config.TPM+
		" answers and has an endorsement certificate", todo)
}

func (a *Agent) checkEnrolled(e enrollment.Record, err error) Check {
	if err == nil {
		_, err = a.store().Trust(e.Bundle)
	}
	good := fmt.Sprintf("machine %s, trust bundle %d, activated by %s", e.Machine.ID, e.Bundle,
		strings.Join(e.Custodians, ", "))
	return verdict("enrollment", err, good,
		"run `machine enroll --code-file FILE` with the code from the registrar's partner")
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
	return verdict("locked memory", err, "the runtime can lock its memory",
		"give the service LimitMEMLOCK=infinity or CAP_IPC_LOCK")
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
	return verdict("devices", failed, strings.Join(lines, "; "),
		"describe each device under `devices` in the configuration")
}

// checkServers asks the servers that the machine needs: the registrar until it is enrolled. When none can be
// reached, their one cause is said once.
func (a *Agent) checkServers(ctx context.Context, enrolled bool) (checks []Check, reached bool) {
	const todo = "without it only `use`, `licenses` and `verify` work; check its address and CA file"
	servers := []struct {
		name, url, todo string
		health          func(context.Context) error
	}{
		{"gateway", a.gateway.URL(), todo, a.gateway.Health},
		{"authorization server", a.issuer.URL(), todo, a.issuer.Health},
		{
			"registrar", a.registrar.URL(), "`machine enroll` needs it; check its address and CA file",
			a.registrar.Health,
		},
	}
	if enrolled {
		servers = servers[:2]
	}
	away, names := 0, []string{}
	var cause error
	for _, s := range servers {
		err := s.health(ctx)
		if errors.Is(err, market.ErrOffline) {
			away++
			cause = err
		}
		names = append(names, s.name+" "+s.url)
		checks = append(checks, verdict(s.name, err, s.url+" answers", s.todo))
	}
	if away < len(servers) {
		return checks, away == 0
	}
	all := fmt.Errorf("none of these can be reached: %s; the last one: %w", strings.Join(names, ", "), cause)
	return []Check{verdict("network", all, "",
		"is this computer on the network? Without it only `use`, `licenses` and `verify` work")}, false
}

func (a *Agent) checkSignIn(ctx context.Context, enrolled, reached bool) Check {
	const todo = "is the machine registered, its clock right within a minute, and the issuer's URL exactly " +
		"the issuer's own?"
	switch {
	case !enrolled:
		return Check{Name: "sign-in", Waits: true, Detail: "waits for enrollment"}
	case !reached:
		return Check{Name: "sign-in", Waits: true, Detail: "waits for the servers above"}
	}
	s, err := a.open(ctx)
	if err != nil {
		return verdict("sign-in", err, "", todo)
	}
	_, err = s.signIn.Bearer(ctx)
	return verdict("sign-in", errors.Join(err, s.close()),
		"the authorization server accepts the TPM's signature", todo)
}

func (a *Agent) checkPurchases() Check {
	const goOn = "run `machine sync`: it goes on where it stopped"
	all, err := purchase.All(a.folder)
	for _, p := range all {
		if p.Ended() {
			continue
		}
		stands := fmt.Errorf("the purchase of offer %s stands at %q", p.Offer, p.Step)
		if p.AtMost == 0 || p.Paid() {
			return verdict("purchases", stands, "", goOn)
		}
		return verdict("purchases", stands, "", fmt.Sprintf(
			"%s; if it costs more than %s, run `machine buy --offer %.12s` with another --at-most", goOn,
			p.AtMost, p.Offer))
	}
	return verdict("purchases", err, fmt.Sprintf("%d ended, none interrupted", len(all)), goOn)
}
