package licensor

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/rules/consortium"
	"github.com/guildmark/guildmark/chaincode/rules/dataset"
	"github.com/guildmark/guildmark/chaincode/sealed"
)

// Names of the files of a sealed dataset; all of them may be seen by anybody.
const (
	ManifestFile = "manifest.json"
	EnvelopeFile = "envelope.json"
	BodyFile     = "body.dare"
)

// SealRequest is what a licensor wants sealed.
type SealRequest struct {
	Data       string // file with the technology data
	Profile    string // e.g. beverage/1
	Title      string
	Licensor   dataset.Licensor
	Channel    string
	Choice     Choice
	Recipients []consortium.Recipient // verified
	Previous   *dataset.Manifest      // the version before; nil for a new dataset
	Folder     string                 // made; must not exist
}

// Folder is a sealed dataset on disk.
type Folder struct {
	Path     string
	Manifest dataset.Manifest
	Envelope sealed.Envelope
}

// Seal checks the data against its profile and writes manifest, envelope and sealed body into a new folder. The
// folder appears with all three or not at all.
func Seal(r SealRequest) (Folder, error) {
	profile, err := LoadProfile(r.Profile)
	if err != nil {
		return Folder{}, err
	}
	plan, err := r.plan(profile)
	if err != nil {
		return Folder{}, err
	}
	data, err := os.Open(r.Data)
	if err != nil {
		return Folder{}, fmt.Errorf("open the data: %w", err)
	}
	defer func() { _ = data.Close() }() // only read
	if err := profile.Check(data); err != nil {
		return Folder{}, err
	}
	if _, err := data.Seek(0, io.SeekStart); err != nil {
		return Folder{}, fmt.Errorf("read the data: %w", err)
	}
	return r.write(data, plan)
}

func (r SealRequest) plan(profile *Profile) (sealed.Plan, error) {
	custodians, runtimes, err := r.Choice.choose(r.Recipients)
	if err != nil {
		return sealed.Plan{}, err
	}
	salt := make([]byte, 32)
	_, _ = rand.Read(salt) // never fails: crypto/rand
	plan := sealed.Plan{
		Channel: r.Channel, Licensor: r.Licensor, Salt: hex.EncodeToString(salt), Version: 1, Title: r.Title,
		Technology: profile.ID.Technology(), Profile: string(profile.ID), Custodians: custodians, Runtimes: runtimes,
	}
	if r.Previous != nil {
		if r.Previous.Licensor != r.Licensor {
			return sealed.Plan{}, ErrIdentity.With("the version before is another licensor's")
		}
		plan.Salt, plan.Version = r.Previous.Salt, r.Previous.Version+1
	}
	return plan, nil
}

// write seals into a folder beside the wanted one and puts it in place when all of it is there.
func (r SealRequest) write(data io.Reader, plan sealed.Plan) (f Folder, err error) {
	if _, err := os.Lstat(r.Folder); err == nil {
		return Folder{}, ErrFolder.With(r.Folder + " exists already")
	}
	tmp, err := os.MkdirTemp(filepath.Dir(filepath.Clean(r.Folder)), ".sealing-*")
	if err != nil {
		return Folder{}, fmt.Errorf("make a folder: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(tmp)) }()
	body, err := os.Create(filepath.Join(tmp, BodyFile))
	if err != nil {
		return Folder{}, fmt.Errorf("write the body: %w", err)
	}
	s, err := sealed.Seal(body, data, plan, rand.Reader)
	if err := errors.Join(err, body.Sync(), body.Close()); err != nil {
		return Folder{}, err
	}
	if r.Previous != nil && s.Manifest.Dataset != r.Previous.Dataset {
		return Folder{}, ErrRecipients.With("the custodians of the version before: its id commits to them")
	}
	for name, raw := range map[string][]byte{
		ManifestFile: ledger.Encode(s.Manifest),
		EnvelopeFile: s.Envelope.Bytes(),
	} {
		if err := os.WriteFile(filepath.Join(tmp, name), raw, 0o600); err != nil {
			return Folder{}, fmt.Errorf("write %s: %w", name, err)
		}
	}
	if err := os.Rename(tmp, r.Folder); err != nil {
		return Folder{}, fmt.Errorf("put the folder in place: %w", err)
	}
	return Folder{Path: r.Folder, Manifest: s.Manifest, Envelope: s.Envelope}, nil
}

// OpenFolder reads a sealed dataset and checks that its parts belong together.
func OpenFolder(path string) (Folder, error) {
	f := Folder{Path: path}
	m, err := ReadManifest(filepath.Join(path, ManifestFile))
	if err != nil {
		return f, err
	}
	f.Manifest = m
	raw, err := os.ReadFile(filepath.Join(path, EnvelopeFile))
	if err != nil {
		return f, ErrFolder.With(err.Error())
	}
	if f.Envelope, err = sealed.ParseEnvelope(raw); err != nil {
		return f, err
	}
	if f.Envelope.Dataset != m.Dataset || f.Envelope.Version != m.Version {
		return f, ErrFolder.With("the envelope of another dataset")
	}
	info, err := os.Stat(filepath.Join(path, BodyFile))
	if err != nil || info.Size() != m.BodySize {
		return f, ErrFolder.With("the body has another size than the manifest says")
	}
	return f, nil
}

// ReadManifest reads a manifest's canonical bytes.
func ReadManifest(path string) (dataset.Manifest, error) {
	var m dataset.Manifest
	raw, err := os.ReadFile(path)
	if err != nil {
		return m, ErrFolder.With(err.Error())
	}
	if err := ledger.DecodeCanonical(raw, &m); err != nil {
		return m, err
	}
	if dataset.ID(m.Licensor, m.Custodians, m.Salt) != m.Dataset {
		return m, ErrFolder.With("the manifest's id does not commit to its licensor and custodians")
	}
	return m, nil
}
