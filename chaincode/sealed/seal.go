package sealed

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/guildmark/guildmark/chaincode/rules/dataset"
)

// Plan is what a licensor decides before sealing.
type Plan struct {
	Channel    string
	Licensor   dataset.Licensor
	Salt       string // 32 random bytes, hex: makes the dataset id; the same for all versions of a dataset
	Version    int
	Title      string
	Technology string
	Profile    string
	Custodians []Recipient // two or more, of different partners
	Runtimes   []Recipient // one or more
}

// Sealed is what sealing gives beside the body.
type Sealed struct {
	Manifest dataset.Manifest
	Envelope Envelope
}

// Seal encrypts src to dst and wraps the shares of the fresh content key: the runtime share to every runtime,
// a half of the license share to each custodian of each pair (T10). No key leaves this function.
func Seal(dst io.Writer, src io.Reader, plan Plan, random io.Reader) (Sealed, error) {
	m, err := plan.manifest()
	if err != nil {
		return Sealed{}, err
	}
	keys, err := freshKeys(m, random)
	if err != nil {
		return Sealed{}, err
	}
	defer keys.wipe()

	sum := sha256.New()
	out := &writeCounter{dst: io.MultiWriter(dst, sum)}
	if m.Size, err = sealBody(out, src, &keys.content, random); err != nil {
		return Sealed{}, err
	}
	m.BodySize, m.BodyHash = out.n, hex.EncodeToString(sum.Sum(nil))

	s := &sealing{Binding: Binding{Channel: plan.Channel, Manifest: m}}
	if err := s.addRuntimeShare(plan.Runtimes, keys.runtime); err != nil {
		return Sealed{}, err
	}
	if err := s.addHalves(plan.Custodians, keys.license, random); err != nil {
		return Sealed{}, err
	}
	return s.done(), nil
}

// manifest starts the manifest of the plan: what is known before the body is sealed.
func (p Plan) manifest() (dataset.Manifest, error) {
	var m dataset.Manifest
	if p.Channel == "" || p.Licensor.MSP == "" || p.Licensor.Party == "" || p.Version < 1 {
		return m, ErrRecipient.With("the plan, expected channel, licensor and version")
	}
	if salt, err := hex.DecodeString(p.Salt); err != nil || len(salt) != 32 || strings.ToLower(p.Salt) != p.Salt {
		return m, ErrKey.With("the salt, expected 64 lower-case hex digits")
	}
	custodians, err := checkRecipients(p.Custodians, p.Runtimes)
	if err != nil {
		return m, err
	}
	return dataset.Manifest{
		Format: "guildmark/manifest/1", Dataset: dataset.ID(p.Licensor, custodians, p.Salt), Version: p.Version,
		Licensor: p.Licensor, Salt: p.Salt, Custodians: custodians, Title: p.Title, Technology: p.Technology,
		Profile: p.Profile, Cipher: dataset.Cipher, Commitments: []dataset.Commitment{},
	}, nil
}

// checkRecipients gives the custodian set, sorted: two or more partners, one recipient each, and some
// runtime.
func checkRecipients(custodians, runtimes []Recipient) ([]string, error) {
	var msps []string
	for _, r := range custodians {
		if r.Role != RoleCustodian || r.ID == "" || r.MSP == "" {
			return nil, ErrRecipient.With(r.ID + ", expected a custodian")
		}
		msps = append(msps, r.MSP)
	}
	slices.Sort(msps)
	if len(msps) < 2 || len(slices.Compact(slices.Clone(msps))) != len(msps) {
		return nil, ErrRecipient.With("custodians of " + strings.Join(msps, ", ") +
			", expected two or more different partners")
	}
	if len(runtimes) == 0 {
		return nil, ErrRecipient.With("runtimes, expected one or more")
	}
	for _, r := range runtimes {
		if r.Role != RoleRuntime || r.ID == "" {
			return nil, ErrRecipient.With(r.ID + ", expected a runtime")
		}
	}
	return msps, nil
}

// keys are the secrets of one sealing.
type keys struct {
	runtime, license Share
	content          Key
}

func (k *keys) wipe() {
	k.runtime.Wipe()
	k.license.Wipe()
	k.content.Wipe()
}

func freshKeys(m dataset.Manifest, random io.Reader) (keys, error) {
	var k keys
	var err error
	if k.runtime, err = randomShare(random); err != nil {
		return k, err
	}
	if k.license, err = randomShare(random); err != nil {
		return k, err
	}
	k.content, err = contentKey(m.Dataset, m.Version, k.runtime, k.license)
	return k, err
}

// sealing collects commitments and wraps.
type sealing struct {
	Binding

	wraps []Wrap
}

// add commits to one share and wraps it to each recipient.
func (s *sealing) add(share string, pair []string, holder string, secret Share, to ...Recipient) error {
	s.Manifest.Commitments = append(s.Manifest.Commitments,
		Commit(s.Manifest.Dataset, s.Manifest.Version, share, pair, holder, secret))
	for _, r := range to {
		w, err := s.wrap(r, share, pair, secret)
		if err != nil {
			return err
		}
		s.wraps = append(s.wraps, w)
	}
	return nil
}

func (s *sealing) addRuntimeShare(runtimes []Recipient, share Share) error {
	return s.add(dataset.ShareRuntime, nil, "", share, runtimes...)
}

func (s *sealing) addHalves(custodians []Recipient, license Share, random io.Reader) error {
	by := map[string]Recipient{}
	for _, r := range custodians {
		by[r.MSP] = r
	}
	for _, pair := range Pairs(s.Manifest.Custodians) {
		lower, upper, err := split(license, random)
		if err != nil {
			return err
		}
		if err := s.add(dataset.ShareHalf, pair, pair[0], lower, by[pair[0]]); err != nil {
			return err
		}
		if err := s.add(dataset.ShareHalf, pair, pair[1], upper, by[pair[1]]); err != nil {
			return err
		}
		lower.Wipe()
		upper.Wipe()
	}
	return nil
}

func (s *sealing) done() Sealed {
	slices.SortFunc(s.wraps, compareWraps)
	return Sealed{Manifest: s.Manifest, Envelope: Envelope{
		Format: envelopeFormat, Dataset: s.Manifest.Dataset, Version: s.Manifest.Version, Revision: 1, Wraps: s.wraps,
	}}
}

type writeCounter struct {
	dst io.Writer
	n   int64
}

func (c *writeCounter) Write(p []byte) (int, error) {
	n, err := c.dst.Write(p)
	c.n += int64(n)
	if err != nil {
		return n, fmt.Errorf("write the sealed body: %w", err)
	}
	return n, nil
}
