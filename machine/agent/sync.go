package agent

import (
	"context"
	"errors"

	"github.com/guildmark/guildmark/machine/holding"
	"github.com/guildmark/guildmark/machine/purchase"
)

// Synced says what Sync did.
type Synced struct {
	Finished  []string `json:"finished"`  // licenses whose purchase was interrupted and is finished now
	Delivered int      `json:"delivered"` // receipts
	Renewed   []string `json:"renewed"`   // licenses with a fresh signed answer, hence a fresh lease
}

// Sync does what waits for the network: finish interrupted purchases -> deliver receipts -> renew signed
// licenses. It does each even when another fails, and returns all errors.
func (a *Agent) Sync(ctx context.Context) (done Synced, err error) {
	done = Synced{Finished: []string{}, Renewed: []string{}}
	s, err := a.open(ctx)
	if err != nil {
		return done, err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	done.Finished, err = a.finishPurchases(ctx, s)
	err = errors.Join(err, s.deliverAndRenew(ctx, &done))
	return done, err
}

func (a *Agent) finishPurchases(ctx context.Context, s *session) ([]string, error) {
	finished := []string{}
	all, err := purchase.All(a.folder)
	if err != nil {
		return finished, err
	}
	var failed []error
	for _, p := range all {
		if p.Ended() {
			continue
		}
		if err := a.buyer(s).Finish(ctx, &p); err != nil {
			failed = append(failed, err)
			continue
		}
		finished = append(finished, p.License)
	}
	return finished, errors.Join(failed...)
}

func (s *session) deliverAndRenew(ctx context.Context, done *Synced) error {
	all, err := s.machine.Store.All()
	if err != nil {
		return err
	}
	var failed []error
	for _, h := range all {
		n, err := s.machine.Deliver(ctx, h.License.ID)
		done.Delivered += n
		if err != nil {
			failed = append(failed, err)
			continue
		}
		if h.Spent {
			continue
		}
		if err := s.machine.Renew(ctx, h.License.ID); err != nil {
			failed = append(failed, err)
			continue
		}
		done.Renewed = append(done.Renewed, h.License.ID)
	}
	return errors.Join(failed...)
}

// Status lists the licenses with their counts, which it reads from the TPM.
func (a *Agent) Status(ctx context.Context) (all []holding.Status, err error) {
	held, err := a.store().All()
	if err != nil {
		return nil, err
	}
	s, err := a.open(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	all = []holding.Status{}
	for _, h := range held {
		one, err := s.machine.Store.Status(s.conn, h)
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, nil
}
