package agent

import (
	"errors"
	"path/filepath"

	"github.com/guildmark/guildmark/chaincode/host"
	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/machine/market"
)

// ErrConfig means that the configuration file can't be read, or a setting (Saw) can't be used. It is the same
// refusal for a server's settings, which package market reads.
var ErrConfig = market.ErrConfig

// Config is machine.json. It holds no secret: those lie in files of their own that it names. Paths that are not
// absolute count from the file's folder.
type Config struct {
	Gateway market.Server `json:"gateway"`
	// the authorization server; its URL is also the audience of the machine's assertions
	Issuer    market.Server `json:"issuer"`
	Registrar market.Server `json:"registrar"`
	// id of the trust bundle that enrollment must get; "" takes the registrar's
	Bundle  string   `json:"bundle"`
	Line    string   `json:"line"` // product line of the machine's runtime, e.g. "mixer-1"
	TPM     string   `json:"tpm"`  // "unix:<path>" or a device such as /dev/tpmrm0
	State   string   `json:"state"`
	Bitcoin Bitcoin  `json:"bitcoin"`
	Devices []Device `json:"devices"` // one a profile; none: the machine can't make anything
}

// Bitcoin is the node that the machine's wallet asks; an empty URL means a machine without a wallet.
type Bitcoin struct {
	Network     string `json:"network"`
	RPC         string `json:"rpc"`         // https://host:port
	Certificate string `json:"certificate"` // the node's own PEM certificate
	Credentials string `json:"credentials"` // 0600 file {"user","password"}
	Birthday    int64  `json:"birthday"`    // first height that can hold coins of the wallet
}

// LoadConfig reads machine.json strictly.
func LoadConfig(file string) (Config, error) {
	var c Config
	err := host.ReadConfig(file, &c)
	// the form before devices had profiles
	if e, ok := errors.AsType[*host.ConfigError](err); ok && e.Key == "mixer" {
		return c, ErrConfig.With(`"mixer": {...} is written "devices": [{"profile": "beverage/1", "setup": {...}}] now`)
	}
	if err != nil {
		return c, ErrConfig.With(err.Error())
	}
	c.resolve(filepath.Dir(file))
	return c, c.check()
}

// resolve makes paths absolute from the file's folder.
func (c *Config) resolve(dir string) {
	for _, p := range []*string{
		&c.Gateway.CA, &c.Issuer.CA, &c.Registrar.CA, &c.State, &c.Bitcoin.Certificate,
		&c.Bitcoin.Credentials,
	} {
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
	return checkDevices(c.Devices)
}
