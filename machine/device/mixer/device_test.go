package mixer

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/machine/device"
)

// body is a content of one chunk.
type body string

func (b body) Header() json.RawMessage { return nil }

func (b body) Open(_ context.Context, chunk int) (io.Reader, error) {
	if chunk != 0 {
		return nil, errors.New("no such chunk")
	}
	return strings.NewReader(string(b)), nil
}

func open(t *testing.T, state string) device.Device {
	t.Helper()
	setup := ledger.Encode(Setup{Pumps: []Pump{bench(1, "a", 500_000), bench(2, "b", 500_000)}})
	d, err := Open(setup, json.RawMessage(state), &handClock{now: time.Unix(0, 0)})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// The seam's whole way: what is left comes back as the state, and the next run begins with it.
func TestDevice(t *testing.T) {
	d := open(t, `[{"pump":1,"left":150000}]`)
	if err := errors.Join(d.Check(nil), d.Ready(t.Context(), nil, nil)); err != nil {
		t.Fatal(err)
	}
	var last device.Event
	percent := 0
	err := d.Produce(t.Context(), nil, body(spritz), func(e device.Event) {
		if e.Kind == device.Progress {
			percent = max(percent, e.Percent)
		}
		last = e
	})
	if err != nil {
		t.Fatal(err)
	}
	if last.Kind != device.State || string(
		last.Device) != `[{"pump":1,"left":50000},{"pump":2,"left":470000}]` || percent != 100 {
		t.Errorf("last event %s %s, %d %%; want the levels, and 100 %% before them", last.Kind, last.Device, percent)
	}
	d = open(t, string(last.Device))
	if err := d.Produce(t.Context(), nil, body(spritz), func(device.Event) {}); !errors.Is(err, ErrLevel) {
		t.Errorf("the second run: %v, want %v", err, ErrLevel)
	}
	if err := d.Safe(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestDeviceRefusals(t *testing.T) {
	d := open(t, "")
	for _, tt := range []struct {
		name string
		err  error
		want error
	}{
		{"needs, which the profile doesn't define yet", d.Check(json.RawMessage(`{}`)), device.ErrNeeds},
		{
			"order details, which it doesn't define yet", d.Ready(t.Context(), nil, json.RawMessage(`{}`)),
			device.ErrOrder,
		},
		{"no recipe", d.Produce(t.Context(), nil, body("gin"), func(device.Event) {}), ErrRecipe},
		{"an unknown key in the setup", second(Open([]byte(`{"pumps":[],"speed":1}`), nil, device.Wall{})), ErrSetup},
		{"a state of something else", second(Open([]byte(`{"pumps":[]}`), []byte(`{"spool":1}`),
			device.Wall{})), ErrSetup},
	} {
		if !errors.Is(tt.err, tt.want) {
			t.Errorf("%s: got %v, want %v", tt.name, tt.err, tt.want)
		}
	}
}

func second(_ device.Device, err error) error { return err }

// What a runtime reports of a broken recipe says the line and the rule, never what stands there.
func TestBrokenRecipeIsNotShown(t *testing.T) {
	bad := strings.Replace(spritz, `{"ingredient":"b","ul":10000}`, `{"ingredient":"secret-syrup","ul":10000}`, 1)
	err := open(t, "").Produce(t.Context(), nil, body(bad), func(device.Event) {})
	if !errors.Is(err, ErrRecipe) || !strings.Contains(err.Error(), "line 3") ||
		strings.Contains(err.Error(), "secret") {
		t.Errorf("got %v, want line 3 without what stands there", err)
	}
}
