package fabric

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/guildmark/guildmark/network/home"
)

// ErrBuilder means that a package is not one that this partner runs, or that the partner's folder lacks a
// file. Compare the hash in the package with that of the partner's chaincode.
var ErrBuilder = errors.New("external builder")

// Builder is a partner's external builder, which its peer calls as
// <partner>/builder/bin/{detect,build,release} (Fabric's interface for external builders). It accepts only
// the package that names the hash of the partner's own chaincode, and gives the peer the address and
// certificates of that chaincode.
type Builder struct {
	Chaincode string // the partner's folder: chaincode, address, client/, server/
}

// BuilderAt finds the partner's folder from the path under which the builder was called.
func BuilderAt(program string) Builder {
	partner := home.Home{Dir: filepath.Dir(filepath.Dir(filepath.Dir(program)))} // <partner>/builder/bin/detect
	return Builder{Chaincode: partner.Chaincode()}
}

// Run performs one of the builder's steps.
func (b Builder) Run(step string, args []string) error {
	want := map[string]int{"detect": 2, "build": 3, "release": 2}[step]
	if want == 0 || len(args) != want {
		return fmt.Errorf("%w: expected detect, build or release with its 2 or 3 arguments, got %s with %d",
			ErrBuilder, step, len(args))
	}
	switch step {
	case "detect":
		return b.detect(args[0], args[1])
	case "build":
		return b.build(args[0], args[1], args[2]) //nolint:gosec // the number of arguments was checked above
	default:
		return b.release(args[0], args[1])
	}
}

func (b Builder) detect(source, metadata string) error {
	raw, err := os.ReadFile(filepath.Join(metadata, "metadata.json"))
	if err != nil {
		return fmt.Errorf("%w: %w", ErrBuilder, err)
	}
	var m packageMetadata
	if err := json.Unmarshal(raw, &m); err != nil {
		return fmt.Errorf("%w: %w", ErrBuilder, err)
	}
	if m.Type != "ccaas" {
		return fmt.Errorf("%w: expected a package of type ccaas, got %q", ErrBuilder, m.Type)
	}
	if _, err := os.Stat(filepath.Join(source, hashFile)); err != nil {
		return fmt.Errorf("%w: %w", ErrBuilder, err)
	}
	return nil
}

func (b Builder) build(source, metadata, output string) error {
	for _, path := range []string{filepath.Join(source, hashFile), filepath.Join(metadata, "metadata.json")} {
		raw, err := os.ReadFile(path)
		if err != nil {
			return fmt.Errorf("%w: %w", ErrBuilder, err)
		}
		if err := home.Put(filepath.Join(output, filepath.Base(path)), raw); err != nil {
			return err
		}
	}
	return nil
}

// connection is Fabric's ChaincodeServerUserData.
type connection struct {
	Address            string `json:"address"`
	DialTimeout        string `json:"dial_timeout"`
	TLSRequired        bool   `json:"tls_required"`
	ClientAuthRequired bool   `json:"client_auth_required"`
	RootCert           string `json:"root_cert"`
	ClientCert         string `json:"client_cert"`
	ClientKey          string `json:"client_key"`
}

func (b Builder) release(output, release string) error {
	raw, err := os.ReadFile(filepath.Join(output, hashFile))
	if err != nil {
		return fmt.Errorf("%w: %w", ErrBuilder, err)
	}
	place, err := b.place(strings.TrimSpace(string(raw)))
	if err != nil {
		return err
	}
	var parts [4]string
	client := filepath.Join(b.Chaincode, "client")
	for i, path := range []string{
		addressFile(place), home.Root(filepath.Join(b.Chaincode, "server")),
		home.Certificate(client), home.Key(client),
	} {
		raw, err := os.ReadFile(path)
		if err != nil {
			return fmt.Errorf("%w: %w", ErrBuilder, err)
		}
		parts[i] = string(raw)
	}
	out, err := json.Marshal(connection{ //nolint:gosec // Fabric wants the key in this file; home.Put makes it 0600
		Address: strings.TrimSpace(parts[0]), DialTimeout: "10s", TLSRequired: true, ClientAuthRequired: true,
		RootCert: parts[1], ClientCert: parts[2], ClientKey: parts[3],
	})
	if err != nil {
		return fmt.Errorf("%w: %w", ErrBuilder, err)
	}
	return home.Put(filepath.Join(release, "chaincode", "server", "connection.json"), out)
}

// layBuilder puts the builder where the partner's peer looks for it.
func layBuilder(h *home.Home, network string) error {
	bin := filepath.Join(h.Builder(), "bin")
	if err := os.MkdirAll(bin, 0o700); err != nil {
		return fmt.Errorf("builder of %s: %w", h.Partner.Name, err)
	}
	for _, step := range []string{"detect", "build", "release"} {
		if err := os.Symlink(network, filepath.Join(bin, step)); err != nil && !errors.Is(err, os.ErrExist) {
			return fmt.Errorf("builder of %s: %w", h.Partner.Name, err)
		}
	}
	return nil
}

// addressFile holds the address on which the chaincode of a folder listens.
func addressFile(dir string) string { return filepath.Join(dir, "address") }

// programFile is the chaincode of a folder.
func programFile(dir string) string { return filepath.Join(dir, "chaincode") }

// place finds the folder of the program with this hash: the partner's own chaincode, or one beside it.
func (b Builder) place(sum string) (string, error) {
	own, err := SumFile(programFile(b.Chaincode))
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrBuilder, err)
	}
	if sum == own {
		return b.Chaincode, nil
	}
	others, err := filepath.Glob((&home.Home{Dir: filepath.Dir(b.Chaincode)}).Beside("*"))
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrBuilder, err)
	}
	for _, dir := range others {
		if other, err := SumFile(programFile(dir)); err == nil && other == sum {
			return dir, nil
		}
	}
	return "", fmt.Errorf("%w: the package names the chaincode with SHA-256 %s, this partner has %s",
		ErrBuilder, sum, own)
}

// Log appends the reason of a failed step to builder.log; Fabric itself reports the exit status only.
func (b Builder) Log(step string, why error) {
	f, err := os.OpenFile(filepath.Join(b.Chaincode, "builder.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return // the reason went to standard error already
	}
	defer func() { _ = f.Close() }()
	_, _ = fmt.Fprintf(f, "%s %s: %v\n", time.Now().UTC().Format(time.RFC3339), step, why)
}
