package holding

import (
	"errors"
	"io/fs"
	"strings"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/rules/license"
	"github.com/guildmark/guildmark/machine/folder"
)

// Refusals of the store.
var (
	// ErrUnknown means that the state folder holds no license under this id, or not all of its files yet.
	// `machine licenses` lists the ids; `machine sync` fetches what an interrupted purchase left out.
	ErrUnknown = ledger.Refuse(ledger.NotFound, "machine.license", "this machine holds no such license")
	// ErrUses means that the license has fewer uses left than were asked for at once (Saw). Ask for fewer;
	// nothing was burnt.
	ErrUses = ledger.Refuse(ledger.Limit, "machine.uses", "the license has fewer uses left than were asked for")
)

// Format is the format of holding.json.
const Format = "guildmark/holding/1"

// Holding is what the machine keeps of a license; licenses/<id>/holding.json, beside license.signed.json,
// manifest.json, envelope.json and body.sealed.
type Holding struct {
	Format    string          `json:"format"` // "guildmark/holding/1"
	License   license.License `json:"license"`
	Title     string          `json:"title"`
	Recipient string          `json:"recipient"`       // the runtime's recipient id
	Meter     string          `json:"meter,omitempty"` // file of the meter's state; "" until the grant is finished
	Pair      []string        `json:"pair,omitempty"`  // custodians of its halves
	Spent     bool            `json:"spent,omitempty"` // used up; its meter belongs to a newer license
}

// The files of a license.
const (
	SignedFile   = "license.signed.json"
	ManifestFile = "manifest.json"
	EnvelopeFile = "envelope.json"
	BodyFile     = "body.sealed"
	holdingFile  = "holding.json"
)

// File is where one file of a license lies in the state folder.
func File(id, name string) string { return "licenses/" + id + "/" + name }

// Store keeps holdings in the state folder.
type Store struct{ Folder *folder.Folder }

// All lists what the machine holds, by id. A license that is not fetched to its end is left out.
func (s Store) All() ([]Holding, error) {
	names, err := s.Folder.List("licenses")
	if err != nil {
		return nil, err
	}
	all := []Holding{}
	for _, name := range names {
		if !s.Folder.Has(File(name, holdingFile)) {
			continue
		}
		var h Holding
		if err := s.Folder.Load(File(name, holdingFile), &h); err != nil {
			return nil, err
		}
		all = append(all, h)
	}
	return all, nil
}

// Find reads a holding; the id may be shortened to a beginning that no other license here has.
func (s Store) Find(id string) (Holding, error) {
	var h Holding
	names, err := s.Folder.List("licenses")
	if err != nil {
		return h, err
	}
	found := ""
	for _, name := range names {
		if id == "" || !strings.HasPrefix(name, id) {
			continue
		}
		if found != "" {
			return h, ErrUnknown.With(id + " begins more than one: write more of the id")
		}
		found = name
	}
	if found == "" {
		return h, ErrUnknown.With(id)
	}
	err = s.Folder.Load(File(found, holdingFile), &h)
	if errors.Is(err, fs.ErrNotExist) {
		return h, ErrUnknown.With(id + " is not fetched yet: run `machine sync`")
	}
	return h, err
}

// Save keeps a changed holding.
func (s Store) Save(h Holding) error { return s.Folder.Save(File(h.License.ID, holdingFile), h) }

// Keep stores the small files of a license. Its holding.json comes last: with it the license counts as held.
func (s Store) Keep(h Holding, manifest, envelope []byte) error {
	if err := s.Folder.Write(File(h.License.ID, ManifestFile), manifest); err != nil {
		return err
	}
	if err := s.Folder.Write(File(h.License.ID, EnvelopeFile), envelope); err != nil {
		return err
	}
	return s.Save(h)
}

// OnMeter lists the holdings whose uses one meter counts: those of the same dataset and terms (T16).
func (s Store) OnMeter(dataset, terms string) ([]Holding, error) {
	all, err := s.All()
	if err != nil {
		return nil, err
	}
	var on []Holding
	for _, h := range all {
		if h.License.Dataset == dataset && h.License.Terms == terms && h.Meter != "" {
			on = append(on, h)
		}
	}
	return on, nil
}
