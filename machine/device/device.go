package device

import (
	"context"
	"encoding/json"
	"io"

	"github.com/guildmark/guildmark/chaincode/ledger"
)

// Refusals that all devices share.
var (
	// ErrNone means that the machine has no device, or the program no driver, for the profile of the data
	// (Saw). Before a purchase: nothing was paid. Before a use: nothing was burnt; add the device to
	// `devices` in machine.json.
	ErrNone = ledger.Refuse(ledger.NotFound, "device.none", "this machine has no device for the data's profile")
	// ErrNeeds means that the device can never make what the manifest's needs demand. Don't buy; use another
	// machine.
	ErrNeeds = ledger.Refuse(ledger.Invalid, "device.needs", "the device can't make what the data needs")
	// ErrOrder means that the order's details are not in the form that the profile defines. Mend the order.
	ErrOrder = ledger.Refuse(ledger.Invalid, "device.order", "the order's details don't fit the data's profile")
)

// Device is one kind of machine. Making one opens nothing; only Ready, Produce and Safe touch hardware.
//
// needs is the manifest's public statement of what a machine must have, order the details of one run.
// Manifests carry no needs yet and orders no details: callers pass nil for both, which every device takes as
// "nothing is demanded".
type Device interface {
	// Check says whether this device could ever make data with these needs. It is pure, and comes before
	// anything is paid.
	Check(needs json.RawMessage) error
	// Ready says whether the device can make it now: material, levels, temperature. It moves and heats
	// nothing, and comes before a use is burnt.
	Ready(ctx context.Context, needs, order json.RawMessage) error
	// Produce makes the product, reading the content as it goes. When ctx ends it stops in a safe state.
	Produce(ctx context.Context, order json.RawMessage, c Content, report func(Event)) error
	// Safe brings the device to rest. It needs no content.
	Safe(ctx context.Context) error
}

// Content is the opened data of one use.
type Content interface {
	// Header is the manifest's needs; nil while manifests carry none.
	Header() json.RawMessage
	// Open gives the plaintext of a chunk, from 0; the reader of the chunk before is dead afterwards. Today's
	// data is one chunk.
	Open(ctx context.Context, chunk int) (io.Reader, error)
}

// Kind says what an event is about.
type Kind string

// The kinds of event.
const (
	Progress Kind = "progress" // the work goes on; Percent of it is done
	State    Kind = "state"    // what the device holds now, coarsely: the agent keeps it for the next run
)

// Event is one thing that a device reports. It never holds anything of the content: no name, amount or
// coordinate.
type Event struct {
	Kind    Kind
	Percent int             // of the whole run
	Device  json.RawMessage // the device's own report, in its driver's form
}

// Describer is a device that can say for a person how it is set up.
type Describer interface{ Describe() string }
