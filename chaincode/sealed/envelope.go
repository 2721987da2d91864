package sealed

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/rules/dataset"
)

// MaxEnvelope bounds an envelope in bytes: about 600 wraps.
const MaxEnvelope = 1 << 20

const envelopeFormat = "guildmark/envelope/1"

// Envelope is the versioned key envelope of one dataset version: nothing in it is secret.
type Envelope struct {
	Format   string `json:"format"` // "guildmark/envelope/1"
	Dataset  string `json:"dataset"`
	Version  int    `json:"version"`
	Revision int    `json:"revision"` // 1 is what catalogue:Publish names
	Wraps    []Wrap `json:"wraps"`    // sorted by share, pair, recipient; no two alike
}

// Wrap is one share for one recipient.
type Wrap struct {
	Recipient string   `json:"recipient"`
	Role      string   `json:"role"`
	Pair      []string `json:"pair"` // two MSPs, sorted; empty for the runtime share
	Share     string   `json:"share"`
	Sealed    string   `json:"sealed"` // base64 of enc || ciphertext
}

// Bytes is the canonical form.
func (e Envelope) Bytes() []byte { return ledger.Encode(e) }

// Address is where the content store keeps these bytes: their SHA-256.
func Address(raw []byte) string {
	h := sha256.Sum256(raw)
	return hex.EncodeToString(h[:])
}

// ParseEnvelope reads an envelope from untrusted bytes. It refuses everything that Bytes doesn't write.
func ParseEnvelope(raw []byte) (Envelope, error) {
	var e Envelope
	if len(raw) > MaxEnvelope {
		return e, ErrEnvelope.With(strconv.Itoa(len(raw)) + " bytes")
	}
	if err := ledger.DecodeCanonical(raw, &e); err != nil {
		return Envelope{}, ErrEnvelope.With(err.Error())
	}
	if err := e.check(); err != nil {
		return Envelope{}, err
	}
	return e, nil
}

func (e Envelope) check() error {
	switch {
	case e.Format != envelopeFormat:
		return ErrEnvelope.Field("format", e.Format, envelopeFormat)
	case ledger.CheckID(e.Dataset) != nil:
		return ErrEnvelope.Field("dataset", e.Dataset, "64 lower-case hex digits")
	case e.Version < 1 || e.Revision < 1:
		return ErrEnvelope.With(fmt.Sprintf("version %d, revision %d, expected 1 or more", e.Version, e.Revision))
	case len(e.Wraps) == 0:
		return ErrEnvelope.With("wraps, expected one or more")
	}
	for i, w := range e.Wraps {
		if err := w.check(); err != nil {
			return err
		}
		if i > 0 && compareWraps(e.Wraps[i-1], w) >= 0 {
			return ErrEnvelope.With("wraps, expected them sorted, each once")
		}
	}
	return nil
}

func (w Wrap) check() error {
	switch {
	case !w.isHalf() && !w.isRuntime():
		return ErrEnvelope.With("share " + strconv.Quote(w.Share) + " for role " + strconv.Quote(w.Role) +
			" and pair " + strings.Join(w.Pair, "+"))
	case w.Recipient == "":
		return ErrEnvelope.With("the recipient of a wrap, expected an id")
	}
	box, err := ledger.Base64(w.Sealed)
	if err != nil || len(box) != wrapSize {
		return ErrEnvelope.With("the wrap for " + w.Recipient + ", expected base64 of " +
			strconv.Itoa(wrapSize) + " bytes")
	}
	return nil
}

func (w Wrap) isHalf() bool {
	return w.Share == dataset.ShareHalf && w.Role == RoleCustodian && len(w.Pair) == 2 && w.Pair[0] < w.Pair[1]
}

func (w Wrap) isRuntime() bool {
	return w.Share == dataset.ShareRuntime && w.Role == RoleRuntime && len(w.Pair) == 0
}

func compareWraps(a, b Wrap) int {
	return cmp.Or(
		strings.Compare(a.Share, b.Share),
		slices.Compare(a.Pair, b.Pair),
		strings.Compare(a.Recipient, b.Recipient),
	)
}

func (e Envelope) find(recipient, role, share string, pair []string) (Wrap, bool) {
	for _, w := range e.Wraps {
		if w.Recipient == recipient && w.Role == role && w.Share == share && slices.Equal(w.Pair, pair) {
			return w, true
		}
	}
	return Wrap{}, false
}
