package offer

import (
	"slices"
	"strconv"
	"strings"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/rules/dataset"
	"github.com/guildmark/guildmark/chaincode/rules/royalty"
)

// Format is the offer's.
const Format = "guildmark/offer/1"

// Offer is the terms under which a dataset can be licensed; key offer/<id>; never changed, only withdrawn.
type Offer struct {
	Format    string           `json:"format"` // "guildmark/offer/1"
	ID        string           `json:"id"`     // ID(licensor party, key)
	Licensor  dataset.Licensor `json:"licensor"`
	Dataset   string           `json:"dataset"`
	Version   int              `json:"version"`
	Model     Model            `json:"model"`
	Price     ledger.Satoshi   `json:"price"`
	Assurance []string         `json:"assurance"` // admitted classes, sorted: software, tpm, vtpm
	Split     royalty.Terms    `json:"split"`
	Epoch     int64            `json:"epoch"` // when it was published
}

// Request is what a licensor publishes; the ledger adds the rest.
type Request struct {
	// the licensor's own name for it: makes the id, and repeats harmless
	Key          string                `json:"key"`
	Dataset      string                `json:"dataset"`
	Version      int                   `json:"version"`
	Model        Model                 `json:"model"`
	Price        ledger.Satoshi        `json:"price"`
	Assurance    []string              `json:"assurance"`
	Contributors []royalty.Contributor `json:"contributors"`
	Residual     string                `json:"residual"` // party id
}

// ModelUses is the counted license model.
const ModelUses = "uses"

// Model is a license model; only the counted one exists yet.
type Model struct {
	Kind string `json:"kind"` // "uses"
	Uses int64  `json:"uses"`
}

// Bounds of an offer: the TPM's limit holds 31 bits, and orders add up; a key is a name that the licensor
// chooses.
const (
	maxUses = 1_000_000
	maxKey  = 64
)

// ID is the offer's name.
func ID(licensorParty, key string) string {
	return ledger.Hash("guildmark/offer/1", licensorParty, key)
}

// New judges a request of a licensor who owns the dataset and makes the offer: commission and minimum price
// are the configuration's, assurances are the classes of machines that exist.
func New(r Request, l dataset.Licensor, commission royalty.Commission, minimum ledger.Satoshi,
	assurances []string, epoch int64,
) (Offer, error) {
	if err := r.check(minimum); err != nil {
		return Offer{}, err
	}
	if err := checkAssurance(r.Assurance, assurances); err != nil {
		return Offer{}, err
	}
	o := Offer{
		Format: Format, ID: ID(l.Party, r.Key), Licensor: l, Dataset: r.Dataset, Version: r.Version,
		Model: r.Model, Price: r.Price, Assurance: r.Assurance, Epoch: epoch,
		Split: royalty.Terms{Commission: commission, Contributors: r.Contributors, Residual: r.Residual},
	}
	return o, royalty.Check(o.Price, o.Split)
}

func (r Request) check(minimum ledger.Satoshi) error {
	switch {
	case !ledger.Printable(r.Key, maxKey):
		return ErrInvalid.Field("key", r.Key, "1 to 64 printable characters")
	case ledger.CheckID(r.Dataset) != nil:
		return ErrInvalid.Field("dataset", r.Dataset, "64 lower-case hex digits")
	case r.Version < 1:
		return ErrInvalid.Field("version", r.Version, "1 or more")
	case r.Model.Kind != ModelUses || r.Model.Uses < 1 || r.Model.Uses > maxUses:
		return ErrModel.With(r.Model.Kind + " " + strconv.FormatInt(r.Model.Uses, 10))
	case r.Price < 1 || !r.Price.Valid():
		return ErrPrice.With(r.Price.String())
	case r.Price < minimum:
		return ErrMinPrice.Field("price", r.Price, minimum.String()+" or more")
	}
	return nil
}

func checkAssurance(admitted, known []string) error {
	if len(admitted) == 0 || !ledger.Ascending(admitted) {
		return ErrInvalid.Field("assurance", admitted, "one or more classes, sorted, each once")
	}
	for _, a := range admitted {
		if !slices.Contains(known, a) {
			return ErrInvalid.Field("assurance", a, strings.Join(known, ", "))
		}
	}
	return nil
}

// Again returns the offer that the licensor's key made before, provided that the request is the same: so
// sending a request again is harmless.
func (o Offer) Again(r Request) (Offer, error) {
	same := o.Dataset == r.Dataset && o.Version == r.Version && o.Model == r.Model && o.Price == r.Price &&
		slices.Equal(o.Assurance, r.Assurance) && slices.Equal(o.Split.Contributors, r.Contributors) &&
		o.Split.Residual == r.Residual
	if !same {
		return Offer{}, ErrKeyReused.With(r.Key)
	}
	return o, nil
}
