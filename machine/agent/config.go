package agent

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/machine/device/mixer"
	"github.com/guildmark/guildmark/machine/market"
)

// ErrConfig means that the configuration file can't be read, or a setting (Saw) can't be used. It is the same refusal for a server's
// settings, which package market reads.
var ErrConfig = market.ErrConfig

// Config is machine.json. It holds no secret: those lie in files of their own that it names. Paths that are not
// absolute count from the file's folder.
type Config struct {
	Gateway   market.Server `json:"gateway"`
	Issuer    market.Server `json:"issuer"` // the authorization server; its URL is also the audience of the machine's assertions
	Registrar market.Server `json:"registrar"`
	Bundle    string        `json:"bundle"` // id of the trust bundle that enrollment must get; "" takes the registrar's
	Line      string        `json:"line"`   // product line of the machine's runtime, e.g. "mixer-1"
	TPM       string        `json:"tpm"`    // "unix:<path>" or a device such as /dev/tpmrm0
	State     string        `json:"state"`
	Bitcoin   Bitcoin       `json:"bitcoin"`
	Mixer     Mixer         `json:"mixer"`
}

// Bitcoin is the node that the machine's wallet asks; an empty URL means a machine without a wallet.
type Bitcoin struct {
	Network     string `json:"network"`
	RPC         string `json:"rpc"`         // https://host:port
	Certificate string `json:"certificate"` // the node's own PEM certificate
	Credentials string `json:"credentials"` // 0600 file {"user","password"}
	Birthday    int64  `json:"birthday"`    // first height that can hold coins of the wallet
}

// Mixer is the device's setup.
type Mixer struct {
	Pumps  []mixer.Pump     `json:"pumps"`
	Warn   mixer.Microliter `json:"warn"`   // 0 = 100 ml
	AtOnce int              `json:"atOnce"` // 0 = 4
	Scale  int              `json:"scale"`  // how many times faster than real pumps; 0 = 1
}

// LoadConfig reads machine.json strictly.
func LoadConfig(file string) (Config, error) {
	var c Config
	doc, err := os.ReadFile(file) //nolint:gosec // G304: the operator names the file
	if errors.Is(err, fs.ErrNotExist) {
		return c, ErrConfig.With("no file " + file)
	}
	if err != nil {
		return c, fmt.Errorf("read configuration: %w", err)
	}
	if err := ledger.Decode(doc, &c); err != nil {
		return c, ErrConfig.With(file + ": " + err.Error())
	}
	c.resolve(filepath.Dir(file))
	return c, c.check()
}

// resolve makes paths absolute from the file's folder.
func (c *Config) resolve(dir string) {
	for _, p := range []*string{&c.Gateway.CA, &c.Issuer.CA, &c.Registrar.CA, &c.State, &c.Bitcoin.Certificate, &c.Bitcoin.Credentials} {
		if *p != "" && !filepath.IsAbs(*p) {
			*p = filepath.Join(dir, *p)
		}
	}
}

func (c *Config) check() error {
	for _, s := range []struct {
		name string
		at   market.Server
	}{{"gateway", c.Gateway}, {"issuer", c.Issuer}, {"registrar", c.Registrar}} {
		if !s.at.Valid() {
			return ErrConfig.With(s.name + ".url " + s.at.URL)
		}
	}
	switch {
	case c.Line == "":
		return ErrConfig.With("no line")
	case c.TPM == "":
		return ErrConfig.With("no tpm")
	case c.State == "":
		return ErrConfig.With("no state")
	case c.Bundle != "" && ledger.CheckID(c.Bundle) != nil:
		return ErrConfig.With("bundle " + c.Bundle)
	}
	return c.Mixer.check()
}

func (m Mixer) check() error {
	if m.Scale < 0 || m.AtOnce < 0 || m.Warn < 0 {
		return ErrConfig.With("mixer")
	}
	if len(m.Pumps) == 0 {
		return nil
	}
	if _, err := mixer.New(m.Pumps, mixer.Config{}); err != nil {
		return ErrConfig.With(err.Error())
	}
	return nil
}
