package market

import (
	"context"
	"errors"
	"net/url"

	"github.com/guildmark/guildmark/chaincode/rules/machine"
)

// Activations are credential challenges of one party, which show it that one TPM holds both the endorsement
// key and the attestation key (T14).
type Activations struct {
	client *client
	path   string
}

// NewRegistrar prepares calls to the manufacturer's registrar and sends nothing yet.
func NewRegistrar(s Server) (*Activations, error) {
	c, err := newClient(s)
	return &Activations{client: c, path: "/activations"}, err
}

// URL is where the party answers.
func (a *Activations) URL() string { return a.client.base }

// Health asks whether a registrar can be reached. A registrar that isn't ready yet can be.
func (a *Activations) Health(ctx context.Context) error {
	err := a.client.get(ctx, "/healthz", nil)
	if errors.Is(err, ErrAnswer) {
		return nil
	}
	return err
}

// Begin asks for a challenge.
func (a *Activations) Begin(ctx context.Context, r machine.ActivationRequest) (machine.Activation, error) {
	var challenge machine.Activation
	err := a.client.post(ctx, a.path, r, &challenge)
	return challenge, err
}

// Finish sends the proof, in a document that the party's kind of activation wants, and reads its answer
// unless out is nil.
func (a *Activations) Finish(ctx context.Context, id string, in, out any) error {
	return a.client.post(ctx, a.path+"/"+url.PathEscape(id), in, out)
}
