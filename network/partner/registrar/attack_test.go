package registrar_test

import (
	"sync"
	"testing"

	"github.com/guildmark/guildmark/chaincode/rules/machine"
	"github.com/guildmark/guildmark/network/partner/partnertest"
)

// One code in the hands of several machines that come at the same moment is one machine's.
func TestCodeRacedByMachines(t *testing.T) {
	o := newOffice(t)
	const rounds, racers = 8, 4
	for range rounds {
		code := o.code("mixer")
		var ready, ended sync.WaitGroup
		start, refused := make(chan struct{}), make([]string, racers)
		for i := range racers {
			p := partnertest.NewTPM(t, o.maker)
			request := p.ActivationRequest()
			request.Code = code
			var a machine.Activation
			if code := o.post("/activations", request, &a); code != "" {
				t.Fatalf("refused: %s", code)
			}
			r, err := p.EnrollmentRequest(a, "mixer")
			if err != nil {
				t.Fatal(err)
			}
			ready.Add(1)
			ended.Go(func() {
				ready.Done()
				<-start
				var e machine.Enrolled
				refused[i] = o.post("/activations/"+a.ID, r, &e)
			})
		}
		ready.Wait()
		close(start)
		ended.Wait()
		enrolled := 0
		for _, code := range refused {
			switch code {
			case "":
				enrolled++
			case "registrar.code":
			default:
				t.Errorf("refused with %q, want registrar.code", code)
			}
		}
		if enrolled != 1 {
			t.Errorf("%d machines enrolled with one code, want 1", enrolled)
		}
	}
}
