package story

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/rules/offer"
	"github.com/guildmark/guildmark/machine/agent"
	"github.com/guildmark/guildmark/machine/runtime"
	"github.com/guildmark/guildmark/tests/stage"
)

// The table: at each step of a sale, each process is killed once.
func killSteps() []string {
	return []string{"publish", "order", "pay", "settle", "grant", "use", "receipt"}
}

func killProcesses() []string { return []string{"oracle", "gateway", "custodian", "agent"} }

const (
	price   = 10_000 // satoshi
	uses    = 3
	usedUp  = "tpm.auth_unavailable" // the TPM's own no when the limit is reached
	mostTry = 15                     // how often an interrupted command is repeated at most
)

// TestKillTable kills with SIGKILL: of services every process of the class, by the supervisor, which starts
// them again; of the agent the machine's command, which is run again. Each sale must go on where it was:
// nothing twice, nothing lost.
func TestKillTable(t *testing.T) {
	rows := 0
	for _, process := range killProcesses() {
		t.Run(process, func(t *testing.T) {
			v := &victim{t: t, class: process, killed: map[string]string{}}
			v.sell()
			for _, step := range killSteps() {
				t.Run(step, func(t *testing.T) {
					if v.killed[step] == "" {
						t.Fatalf("nothing was killed at step %s", step)
					}
					t.Logf("killed at %s: %s", step, v.killed[step])
					v.check(t, step)
					rows++
				})
			}
		})
	}
	if want := len(killSteps()) * len(killProcesses()); rows != want {
		t.Errorf("%d rows came out as they should, want %d", rows, want)
	}
}

// victim is one sale, at whose steps processes of one class are killed.
type victim struct {
	t      *testing.T
	class  string
	killed map[string]string // who died, by step

	dataset, offer, order, license string
	made                           []int64 // counts of the uses that the machine finished
	refused                        string  // code that ended them
	doomed                         bool    // the agent's command was just killed
}

// sell is the whole story of one sale, in order.
func (v *victim) sell() {
	v.publish()
	err := on.Mine(v.t.Context(), func(context.Context) error {
		v.buy() //nolint:contextcheck // it has the test's own
		return nil
	})
	if err != nil {
		v.t.Fatal(err)
	}
	v.use()
	v.machine("sync", "--wait", patience.String())
}

func (v *victim) publish() {
	recipe := stage.Recipe{
		Data: "fixtures/beverage/sunrise.jsonl", Title: "Sunrise " + v.class,
		Licensor: "licensor1", Folder: v.class, Price: price, Uses: uses,
	}
	id, err := on.Seal(v.t.Context(), recipe)
	if err != nil {
		v.t.Fatal(err)
	}
	v.dataset = id
	for range mostTry {
		out, err := v.publishOnce(recipe)
		if err == nil {
			var published struct {
				Offer offer.Offer `json:"offer"`
			}
			if err := json.Unmarshal(out, &published); err != nil {
				v.t.Fatal(err)
			}
			v.offer = published.Offer.ID
			return
		}
		if v.class != "gateway" { // only an upload can't wait
			v.t.Fatalf("publish: %v: %s", err, out)
		}
		v.await()
	}
	v.t.Fatalf("publishing didn't end in %d tries", mostTry)
}

// publishOnce runs the licensor's command; the victim dies when the ledger has the publication and nothing else
// has it.
func (v *victim) publishOnce(recipe stage.Recipe) ([]byte, error) {
	args := on.Publishing(recipe, patience)
	c := on.Command(v.t.Context(), "guildmark",
		append([]string{args[0], "--output", "json", "--events"}, args[1:]...)...)
	progress, err := c.StderrPipe()
	if err != nil {
		return nil, err
	}
	var out strings.Builder
	c.Stdout = &out
	if err := c.Start(); err != nil {
		return nil, err
	}
	lines := bufio.NewScanner(progress)
	for lines.Scan() {
		if !strings.HasPrefix(lines.Text(), `{"step":"published"`) || v.killed["publish"] != "" {
			continue
		}
		if v.class != "agent" {
			v.await()
			v.kill("publish")
			continue
		}
		// A machine has no part in publishing: it dies while it asks for news.
		c := on.MachineCommand(v.t.Context(), on.mixer, "sync")
		if err := c.Start(); err != nil {
			v.t.Error(err)
			continue
		}
		v.killAgent("publish", c.Process)
		_ = c.Wait() // killed
	}
	err = c.Wait() // only then all of its output is there
	return []byte(out.String()), err
}

func (v *victim) buy() {
	var bought struct {
		License string `json:"license"`
		Order   string `json:"order"`
	}
	answer := v.machine("buy", "--offer", v.offer, "--at-most", fmt.Sprint(price), "--wait", patience.String())
	if err := answer.Into(&bought); err != nil || bought.License == "" {
		v.t.Fatalf("bought %+v, %v", bought, err)
	}
	v.order, v.license = bought.Order, bought.License
}

// use makes drinks until the machine refuses.
func (v *victim) use() {
	for range uses + 2 {
		answer := v.machine("use", "--license", v.license)
		if answer.Refusal != nil {
			v.refused = answer.Refusal.Code
			return
		}
		var used agent.Used
		if err := answer.Into(&used); err != nil {
			v.t.Fatal(err)
		}
		v.made = append(v.made, used.Count)
	}
}

// machine runs the machine's command, again and again while it was killed or a server was away. Any other refusal is
// an answer only for uses.
func (v *victim) machine(name string, args ...string) stage.Answer {
	for range mostTry {
		c := on.MachineCommand(v.t.Context(), on.mixer, name, args...)
		answer, err := stage.Follow(c, func(line json.RawMessage) { v.see(line, c.Process) })
		switch {
		case err != nil && v.doomed && signaled(err):
			v.doomed = false
		case err != nil:
			v.t.Fatalf("machine %s: %v", name, err)
		case answer.Refusal == nil || name == "use":
			return answer
		case answer.Refusal.Kind != ledger.Unavailable:
			v.t.Fatalf("machine %s: %v", name, answer.Refusal)
		}
		v.await()
	}
	v.t.Fatalf("machine %s didn't end in %d tries", name, mostTry)
	return stage.Answer{}
}

// see reads a progress line and kills at each step's first.
func (v *victim) see(line json.RawMessage, command *os.Process) {
	var p agent.Progress
	if json.Unmarshal(line, &p) != nil {
		return
	}
	step := p.Step
	if p.Runtime != nil {
		step = map[runtime.Kind]string{runtime.Burnt: "use"}[p.Runtime.Kind]
	}
	if step != "order" && step != "pay" && step != "settle" && step != "grant" && step != "use" &&
		step != "receipt" || v.killed[step] != "" {
		return
	}
	if v.class == "agent" {
		v.killAgent(step, command)
		return
	}
	// The agent stands still until its victim runs again from the kill before, and is dead.
	if err := command.Signal(syscall.SIGSTOP); err != nil {
		v.t.Errorf("hold the agent at %s: %v", step, err)
		return
	}
	v.await()
	v.kill(step)
	if err := command.Signal(syscall.SIGCONT); err != nil {
		v.t.Errorf("let the agent go on after %s: %v", step, err)
	}
}

func (v *victim) killAgent(step string, command *os.Process) {
	if err := command.Kill(); err != nil {
		v.t.Errorf("kill the agent at %s: %v", step, err)
		return
	}
	v.doomed, v.killed[step] = true, fmt.Sprintf("machine %d", command.Pid)
}

// kill ends every process of the victim's class and looks for their ids.
func (v *victim) kill(step string) {
	before, err := on.Control.List(v.t.Context())
	if err == nil {
		err = on.Control.Kill(v.t.Context(), v.class)
	}
	if err != nil {
		v.t.Errorf("kill %s at %s: %v", v.class, step, err)
		return
	}
	var gone []string
	for _, p := range before {
		if p.Class != v.class || p.PID == 0 {
			continue
		}
		if !stage.Dead(p.PID) {
			v.t.Errorf("%s %d still runs", p.Name, p.PID)
		}
		gone = append(gone, fmt.Sprintf("%s %d", p.Name, p.PID))
	}
	v.killed[step] = strings.Join(gone, ", ")
}

// await waits for the supervisor to have the victims running again.
func (v *victim) await() {
	if v.class == "agent" {
		return
	}
	if err := on.Control.Await(v.t.Context(), v.class); err != nil {
		v.t.Fatal(err)
	}
}

func signaled(err error) bool {
	exit, ok := errors.AsType[*exec.ExitError](err)
	if !ok {
		return false
	}
	status, ok := exit.Sys().(syscall.WaitStatus)
	return ok && status.Signaled() && status.Signal() == syscall.SIGKILL
}
