package custodian

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"

	"github.com/guildmark/guildmark/chaincode/host"
	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/rules/grant"
	"github.com/guildmark/guildmark/chaincode/rules/machine"
	"github.com/guildmark/guildmark/network/partner/activation"
)

// activated is the custodian's own record of a machine whose TPM it activated.
type activated struct {
	Machine string `json:"machine"`
	AKName  string `json:"akName"`
	EKHash  string `json:"ekHash"`
	Class   string `json:"class"` // tpm or vtpm, by this custodian's own list of makers
}

// Handler serves POST /activations, POST /activations/{id} and GET /healthz.
func (c *Custodian) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter,
		_ *http.Request,
	) {
		w.WriteHeader(activation.Health(c.ready.Load()))
	})
	mux.HandleFunc("POST /activations", func(w http.ResponseWriter, r *http.Request) {
		a, err := c.openActivation(w, r)
		if err != nil {
			activation.Problem(w, c.Log, err)
			return
		}
		activation.Write(w, http.StatusCreated, a)
	})
	mux.HandleFunc("POST /activations/{id}", func(w http.ResponseWriter, r *http.Request) {
		if err := c.closeActivation(w, r); err != nil {
			activation.Problem(w, c.Log, err)
			return
		}
		activation.Write(w, http.StatusOK, struct{}{})
	})
	return mux
}

// openActivation compares the machine's certificate and keys with the own peer's record, then makes a credential.
func (c *Custodian) openActivation(w http.ResponseWriter, r *http.Request) (machine.Activation, error) {
	var request machine.ActivationRequest
	if err := activation.Read(w, r, &request); err != nil {
		return machine.Activation{}, err
	}
	if request.Code != "" || ledger.CheckID(request.Machine) != nil {
		return machine.Activation{}, activation.ErrMalformed.With("machine or code")
	}
	facts, ek, err := c.activator.Check(request)
	if err != nil {
		return machine.Activation{}, err
	}
	if err := c.checkRecorded(r.Context(), facts); err != nil {
		return machine.Activation{}, err
	}
	return c.activator.Open(facts, ek)
}

// checkRecorded compares what this custodian verified with what the registrar recorded on the ledger.
func (c *Custodian) checkRecorded(ctx context.Context, f activation.Facts) error {
	var m machine.Machine
	if err := c.read(ctx, &m, "machines:Get", f.Request.Machine); err != nil {
		return err
	}
	switch {
	case m.ID != f.Request.Machine || m.ID != f.MachineID || m.AK != f.Request.AK:
		return ErrMachine.With("attestation key")
	case m.EKHash != f.EKHash:
		return ErrMachine.With("endorsement key certificate")
	case m.Assurance == activation.TPM && f.Assurance != activation.TPM:
		return ErrMachine.With("assurance " + m.Assurance + " on the ledger, TPM of class " + f.Assurance)
	}
	return nil
}

func (c *Custodian) closeActivation(w http.ResponseWriter, r *http.Request) error {
	var proof machine.ActivationProof
	if err := activation.Read(w, r, &proof); err != nil {
		return err
	}
	facts, err := c.activator.Prove(r.PathValue("id"), proof.Proof)
	if err != nil {
		return err
	}
	raw, err := json.Marshal(activated{
		Machine: facts.MachineID, AKName: facts.AKName.Hex(), EKHash: facts.EKHash, Class: facts.Assurance,
	})
	if err != nil {
		return fmt.Errorf("encode an activation: %w", err)
	}
	if err := host.Replace(c.activationPath(facts.MachineID), raw, host.Private); err != nil {
		return err
	}
	c.Log.Info("activated", "machine", facts.MachineID, "class", facts.Assurance)
	c.tasks.nudge()
	return nil
}

func (c *Custodian) activationPath(id string) string {
	return filepath.Join(c.State, "activations", id+".json")
}

// checkActivated refuses a machine that this custodian did not activate itself with exactly these keys (T14).
func (c *Custodian) checkActivated(m machine.Machine) error {
	if err := ledger.CheckID(m.ID); err != nil {
		return err
	}
	raw, err := os.ReadFile(c.activationPath(m.ID))
	if errors.Is(err, fs.ErrNotExist) {
		return ErrActivated.With(m.ID)
	}
	if err != nil {
		return fmt.Errorf("read an activation: %w", err)
	}
	var own activated
	if err := json.Unmarshal(raw, &own); err != nil {
		return fmt.Errorf("read an activation: %w", err)
	}
	signer, err := grant.Signer(m)
	if errors.Is(err, machine.ErrInvalid) {
		return ErrMachine.With(err.Error())
	}
	if err != nil {
		return err
	}
	if own.Machine != m.ID || signer.AK().Name().Hex() != own.AKName || m.EKHash != own.EKHash {
		return ErrMachine.With("other keys than were activated here")
	}
	return nil
}
