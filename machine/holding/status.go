package holding

import (
	"github.com/google/go-tpm/tpm2/transport"

	"github.com/guildmark/guildmark/machine/meter"
)

// Status is a license as a person wants to see it: with the uses that its meter has counted.
type Status struct {
	License string `json:"license"`
	Title   string `json:"title"`
	Dataset string `json:"dataset"`
	Ready   bool   `json:"ready"` // its grant is finished
	Spent   bool   `json:"spent"` // used up, and a newer license has its meter
	Count   int64  `json:"count"` // uses burnt
	Limit   int64  `json:"limit"`
	Waiting int    `json:"waiting"` // receipts to deliver
}

// Status reads a license's count from the TPM.
func (s Store) Status(t transport.TPM, h Holding) (Status, error) {
	one := Status{License: h.License.ID, Title: h.Title, Dataset: h.License.Dataset, Ready: h.Meter != ""}
	if h.Spent {
		one.Spent, one.Count, one.Limit = true, h.License.Model.Uses, h.License.Model.Uses
	}
	if !one.Ready {
		return one, nil
	}
	count, err := meter.Open(t, s.Folder.Path(h.Meter))
	if err != nil {
		return one, err
	}
	pin, err := count.Read()
	if err != nil {
		return one, err
	}
	one.Count, one.Limit = int64(pin.Count), int64(pin.Limit)
	waiting, err := s.Waiting(h.License.ID)
	one.Waiting = len(waiting)
	return one, err
}
