package process

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/guildmark/guildmark/network/home"
	"github.com/guildmark/guildmark/network/node"
)

// CA describes the partner's process of two certificate authorities. The first time it draws each registrar's
// one-time password, which is written to the authority's configuration and to a file that the partner's
// enrollment removes.
func CA(h *home.Home, p Programs) (node.Spec, error) {
	for name, file := range map[string]string{
		home.IdentityCA: filepath.Join(h.CA(), "fabric-ca-server-config.yaml"),
		home.TLSCA:      filepath.Join(h.CA(), "tls", "fabric-ca-server-config.yaml"),
	} {
		if _, err := os.Stat(file); !errors.Is(err, fs.ErrNotExist) {
			continue // made before, with a password that was used up
		}
		password := secret()
		if err := home.Put(h.RegistrarPassword(name), []byte(password)); err != nil {
			return node.Spec{}, err
		}
		raw, err := render("ca-"+name+".yaml", map[string]any{
			"Partner": h.Partner.Name, "MSP": h.Partner.MSP, "Name": name, "Secret": password,
			"Port": h.Ports["ca."+h.Partner.Name], "Operations": h.Ports["ca-operations."+h.Partner.Name],
		})
		if err != nil {
			return node.Spec{}, err
		}
		if err := home.Put(file, raw); err != nil {
			return node.Spec{}, err
		}
	}
	return node.Spec{
		Name: "ca." + h.Partner.Name, Class: "ca", Partner: h.Partner.Name,
		Path: p.Tool("fabric-ca-server"),
		// Without --address it listens on all addresses. The registrars' passwords are in the configuration
		// files, never here.
		Args:  []string{"start", "--address", "127.0.0.1", "-H", h.CA()},
		Dir:   h.CA(),
		Ready: node.Probe{HTTP: "http://" + h.Address("ca") + "/cainfo?ca=" + home.TLSCA},
	}, nil
}

// secret makes a password for a file of mode 0600.
func secret() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails (crypto/rand since Go 1.24)
	return hex.EncodeToString(b[:])
}
