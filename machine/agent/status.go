package agent

import (
	"context"
	"errors"

	"github.com/guildmark/guildmark/machine/meter"
)

// Held is a license with what its meter counts.
type Held struct {
	License string `json:"license"`
	Title   string `json:"title"`
	Dataset string `json:"dataset"`
	Ready   bool   `json:"ready"` // its grant is finished
	Spent   bool   `json:"spent"` // used up, and a newer license has its meter
	Count   int64  `json:"count"` // uses burnt
	Limit   int64  `json:"limit"`
	Waiting int    `json:"waiting"` // receipts to deliver
}

// Status lists the licenses with their counts, which it reads from the TPM.
func (a *Agent) Status(ctx context.Context) (all []Held, err error) {
	held, err := a.Licenses()
	if err != nil {
		return nil, err
	}
	d, err := a.open(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, d.close()) }()
	all = []Held{}
	for _, h := range held {
		one, err := d.status(h)
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, nil
}

func (d *desk) status(h Holding) (Held, error) {
	one := Held{License: h.License.ID, Title: h.Title, Dataset: h.License.Dataset, Ready: h.Meter != ""}
	if h.Spent {
		one.Spent, one.Count, one.Limit = true, h.License.Model.Uses, h.License.Model.Uses
	}
	if !one.Ready {
		return one, nil
	}
	count, err := meter.Open(d.conn, d.store.Path(h.Meter))
	if err != nil {
		return one, err
	}
	pin, err := count.Read()
	if err != nil {
		return one, err
	}
	one.Count, one.Limit = int64(pin.Count), int64(pin.Limit)
	waiting, err := d.waiting(h)
	one.Waiting = len(waiting)
	return one, err
}

// waiting names the receipts of a license that were not delivered, in the order of their counts.
func (d *desk) waiting(h Holding) ([]string, error) {
	folder := holdingFile(h.License.ID, "receipts")
	names, err := d.store.List(folder)
	if err != nil {
		return nil, err
	}
	var open []string
	for _, name := range names {
		var kept receiptFile
		if err := d.store.Load(folder+"/"+name, &kept); err != nil {
			return nil, err
		}
		if !kept.Delivered {
			open = append(open, folder+"/"+name)
		}
	}
	return open, nil
}
