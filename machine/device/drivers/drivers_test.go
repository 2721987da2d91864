package drivers

import (
	"errors"
	"testing"

	"github.com/guildmark/guildmark/machine/device"
)

func TestNoDriver(t *testing.T) {
	if _, err := Open("laser/1", nil, nil, device.Wall{}); !errors.Is(err, device.ErrNone) {
		t.Errorf("got %v, want %v", err, device.ErrNone)
	}
	if got, _ := Text("laser/1", nil); got != "" {
		t.Errorf("an event of an unknown device reads %q", got)
	}
	if got, moving := Text("beverage/1",
		[]byte(`{"kind":"start","step":1,"pump":2}`)); got != "step 1     pump 2 on" || moving {
		t.Errorf("got %q, moving %v", got, moving)
	}
}
