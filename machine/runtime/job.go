package runtime

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/profile"
	"github.com/guildmark/guildmark/machine/meter"
	"github.com/guildmark/guildmark/machine/tpm"
)

const jobFormat = "guildmark/job/1"

// Job is everything one use needs, none of it secret: signed files, ciphertext, and objects that only this
// machine's TPM opens.
type Job struct {
	Format     string      `json:"format"`
	TPM        string      `json:"tpm"`  // address, as for tpm.Dial
	Keys       tpm.Keys    `json:"keys"` // public areas
	Machine    string      `json:"machine"`
	Floor      int64       `json:"floor"` // floor of time, Unix seconds
	Bundle     []byte      `json:"bundle"`
	License    []byte      `json:"license"` // signed file
	Manifest   []byte      `json:"manifest"`
	Envelope   []byte      `json:"envelope"`
	Body       string      `json:"body"`      // path of the sealed body
	Recipient  string      `json:"recipient"` // this runtime's recipient id
	RuntimeKey tpm.Sealed  `json:"runtimeKey"`
	Grant      meter.Armed `json:"grant"` // the meter and the two sealed halves; opening the lower one burns a use
	Pair       []string    `json:"pair"`  // MSPs of the lower half's custodian and the upper's

	Profile profile.ID      `json:"profile"`         // of the device that is to make it: the manifest's
	Device  json.RawMessage `json:"device"`          // its setup, which only its driver reads
	State   json.RawMessage `json:"state,omitempty"` // what its last run left, in the driver's own form
}

// ErrJob means that the agent's job description is not in the form that this program reads: the two are of
// different versions, or a file that it names is missing. Install one version of both.
var ErrJob = ledger.Refuse(ledger.Invalid, "runtime.job", "the job description can't be used")

// maxJob bounds a job in bytes. It holds an envelope, a manifest, a bundle and a signed license, each of
// which may be as large as a document, in base64: a dataset with an envelope of the largest size must stay
// usable.
const maxJob = 6 * ledger.MaxDocument

// ReadJob reads the job that the agent wrote to our standard input.
func ReadJob(in io.Reader) (Job, error) {
	doc, err := io.ReadAll(io.LimitReader(in, maxJob+1))
	if err != nil {
		return Job{}, fmt.Errorf("read the job: %w", err)
	}
	if len(doc) > maxJob {
		return Job{}, ErrJob.With(fmt.Sprintf("more than %d bytes", maxJob))
	}
	var j Job
	d := json.NewDecoder(bytes.NewReader(doc))
	d.DisallowUnknownFields()
	if err := d.Decode(&j); err != nil {
		return Job{}, ErrJob.With(err.Error())
	}
	if j.Format != jobFormat {
		return Job{}, ErrJob.With("format " + j.Format)
	}
	return j, nil
}

// NewJob is a job with its format and nothing else; the agent fills it.
func NewJob() Job { return Job{Format: jobFormat} }

// Kind says what an event of the runtime is about.
type Kind string

// The events, in their order.
const (
	Locked   Kind = "locked"   // memory locked, no dumps, no network
	Verified Kind = "verified" // the signed license holds, and there is a device for its data
	Opened   Kind = "opened"   // all checks passed; the next step burns one use
	Burnt    Kind = "burnt"    // the TPM counted a use
	Package  Kind = "package"  // another package of the body was opened; Package counts them from 1
	Device   Kind = "device"   // the device reports progress; Profile, Percent and Device are set
	State    Kind = "state"    // what the device holds now, coarsely; Profile and Device are set
	Done     Kind = "done"
	Refused  Kind = "refused" // Refusal is set
)

// Event is one line of the runtime's output.
type Event struct {
	Kind    Kind            `json:"kind"`
	PID     int             `json:"pid,omitempty"`
	Package int             `json:"package,omitempty"`
	Profile profile.ID      `json:"profile,omitempty"`
	Percent int             `json:"percent,omitempty"` // of the whole run
	Device  json.RawMessage `json:"device,omitempty"`  // in the driver's own form; never anything of the content
	Refusal *ledger.Refusal `json:"refusal,omitempty"`
}
