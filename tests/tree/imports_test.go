package tree

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/guildmark/guildmark/"

// boundary forbids packages to reach others. Own packages are named from the module's root; "x/..." means x and all
// below it. A foreign name without "/..." stands for itself only.
type boundary struct {
	from   []string // the packages that are bound
	except []string // of these, the ones that are not
	never  []string // what they may not reach
	direct bool     // only their own import lines count; otherwise everything that they link
	reason string
}

// pure are the packages that judge or verify: values in, a verdict out.
var pure = []string{
	"chaincode/rules/...", "chaincode/ledger", "chaincode/spv", "chaincode/payment", "chaincode/tpmpolicy",
	"chaincode/signed", "chaincode/sealed",
}

// boundaries is the one table of import rules. Each row holds today; its reason is printed when it is broken.
var boundaries = []boundary{
	{
		from:  []string{"chaincode/..."},
		never: []string{"gateway/...", "machine/...", "network/...", "tests/..."},
		reason: "chaincode holds the words and rules that all others share: whoever reads or audits it " +
			"must not have to read a server, a device or a deployment",
	},
	{
		from:  pure,
		never: []string{"github.com/hyperledger/fabric-chaincode-go/v2/..."},
		reason: "rules are functions on values: the shim is for chaincode/state and the composition in " +
			"chaincode/contract",
	},
	{
		from:   []string{"chaincode/contract/..."},
		except: []string{"chaincode/contract"},
		never:  []string{"chaincode/contract/...", "github.com/hyperledger/fabric-chaincode-go/v2/..."},
		direct: true,
		reason: "a contract meets the ledger through chaincode/state and other contracts only on the ledger",
	},
	{
		from:   []string{"chaincode/...", "gateway/...", "machine/...", "network/..."},
		except: []string{"chaincode/replay/replaytest", "network/partner/partnertest"},
		never:  []string{"chaincode/replay/replaytest", "network/partner/partnertest"},
		reason: "test worlds make certificates and sign for everybody: only tests link them",
	},
	{
		from:   append([]string{"chaincode/state", "chaincode/contract/..."}, pure...),
		except: []string{"chaincode/signed/signedtest"},
		never: []string{
			"os", "os/exec", "net", "net/http", "math/rand", "math/rand/v2", "log", "log/slog",
			"database/sql",
		},
		direct: true,
		reason: "endorsing peers must compute the same bytes: no file, socket, randomness or log in rules " +
			"and contracts " +
			"(direct imports only, since the shim and go-tpm link net and os themselves)",
	},
	{
		from: append([]string{"chaincode/state", "chaincode/contract/..."}, pure...),
		// a licensor seals at home, with fresh keys
		except: []string{"chaincode/sealed", "chaincode/signed/signedtest"},
		never:  []string{"crypto/rand"},
		direct: true,
		reason: "endorsing peers must agree: randomness is passed in",
	},
	{
		from:   append([]string{"chaincode/state", "chaincode/contract/..."}, pure...),
		except: []string{"chaincode/signed/signedtest"},
		never:  []string{"chaincode/host", "chaincode/problem"},
		reason: "host and problem are for processes: files, sockets, logs, HTTP; endorsing peers must not " +
			"depend on them",
	},
	{
		from: []string{"chaincode/signed"},
		never: []string{
			"google.golang.org/grpc/...", "github.com/google/go-tpm/...",
			"github.com/hyperledger/fabric-gateway/...", "net/http",
		},
		reason: "the offline verifier also runs in a browser and in a device's controller: no network and no " +
			"TPM in it",
	},
	{
		from: []string{"chaincode/sealed"},
		never: []string{
			"google.golang.org/grpc/...", "github.com/google/go-tpm/...", "chaincode/state",
			"chaincode/client", "net/http",
		},
		reason: "sealing runs at the licensor's, in a browser too: it sees neither ledger nor TPM",
	},
	{
		from: []string{"chaincode/...", "gateway/...", "machine/...", "tests/..."},
		// which call the bare SDK beside the client, to compare and to attack
		except: []string{"chaincode/client", "tests/bench/...", "tests/demo"},
		never:  []string{"github.com/hyperledger/fabric-gateway/..."},
		direct: true,
		reason: "retries, quorum and read-your-writes (T34) live in chaincode/client: only it and network " +
			"call Fabric's SDK",
	},
	{
		from:   []string{"gateway/..."},
		never:  []string{"machine/...", "network/..."},
		reason: "nothing under gateway holds a partner's key; gateway and machine meet in chaincode and over HTTP",
	},
	{
		from:   []string{"machine/..."},
		never:  []string{"gateway/...", "network/..."},
		reason: "a machine trusts its bundle, not a server's or a partner's code",
	},
	{
		from:  []string{"network/..."},
		never: []string{"gateway/...", "machine/..."},
		reason: "a partner's process shares no code with the one that faces the internet, and meets machines " +
			"by attestations",
	},
	{
		from: []string{
			"network/topology", "network/home", "network/ca", "network/node", "network/process",
			"network/fabric",
		},
		never: []string{"chaincode/rules/...", "chaincode/contract/...", "network/partner/...", "network/play"},
		reason: "these run Fabric and programs for one partner: they know neither the market's rules nor the " +
			"other partners",
	},
	{
		from:   []string{"network/home", "network/topology"},
		never:  []string{"net", "net/http", "os/exec", "google.golang.org/grpc/..."},
		direct: true,
		reason: "a home is files: it connects to nothing and starts nothing",
	},
	{
		from: []string{"network/play"},
		never: []string{
			"crypto/...", "encoding/pem", "network/ca", "network/partner/keyfile", "chaincode/client",
			"chaincode/host",
			"github.com/hyperledger/fabric-gateway/...", "github.com/hyperledger/fabric-admin-sdk/...",
			"github.com/btcsuite/btcd/...",
		},
		direct: true,
		reason: "the play lets each partner sign at its own home and carries files: with a key in it, it " +
			"could sign for all partners",
	},
	{
		from: []string{
			"gateway/api/...", "gateway/auth/...", "gateway/projection", "gateway/store",
			"gateway/content",
		},
		never:  []string{"chaincode/sealed", "gateway/licensor/...", "chaincode/profile/..."},
		reason: "what faces the internet never sees plaintext: it can't even link the code that seals or opens",
	},
	{
		from:   []string{"chaincode/profile/..."},
		never:  []string{"chaincode/rules/...", "chaincode/sealed", "chaincode/signed", "os", "net/http", "log"},
		direct: true,
		reason: "a plain format is read by the licensor, in a browser and inside a machine's runtime: it " +
			"needs bytes and nothing else",
	},
	{
		from: []string{"machine/runtime"},
		never: []string{
			"machine/market", "machine/purchase", "machine/enrollment", "machine/holding",
			"machine/wallet/...", "net/http",
		},
		direct: true,
		reason: "the one process that sees plaintext must link as little as it can, and nothing that talks " +
			"to a network",
	},
	{
		from: []string{
			"machine/agent", "machine/purchase", "machine/holding", "machine/market",
			"machine/enrollment",
		},
		never:  []string{"machine/device/mixer"},
		direct: true,
		reason: "only the table in machine/device/drivers knows which devices there are",
	},
	{
		from:   []string{"chaincode/...", "gateway/...", "machine/...", "network/...", "fixtures/..."},
		never:  []string{"tests/..."},
		reason: "tests use the product, never the reverse",
	},
	{
		from:   []string{"chaincode/...", "gateway/...", "machine/...", "network/...", "fixtures/..."},
		except: []string{"chaincode/command"},
		never:  []string{"github.com/spf13/cobra/...", "github.com/spf13/pflag/..."},
		direct: true,
		reason: "all programs have one frame: flags, help, output and exit codes are chaincode/command's",
	},
	{
		from:   append([]string{"chaincode/state", "chaincode/contract/...", "machine/runtime"}, pure...),
		never:  []string{"chaincode/command"},
		reason: "command lines are for programs: rules, contracts and the runtime that sees plaintext have none",
	},
	{
		from:   []string{"chaincode/...", "machine/...", "network/..."},
		never:  []string{"github.com/gin-gonic/gin/..."},
		direct: true,
		reason: "Gin serves the gateway's API; other processes use net/http",
	},
}

// node is what `go list` tells of a package.
type node struct {
	ImportPath string
	Imports    []string
	Standard   bool
}

// graph lists each package that the product links with its direct imports, own packages without the module's name.
func graph(t *testing.T) map[string][]string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "list", "-deps", "-json=ImportPath,Imports,Standard", "./...")
	cmd.Dir = root
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, stderr.String())
	}
	g := map[string][]string{}
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var n node
		if err := d.Decode(&n); err == io.EOF {
			return g
		} else if err != nil {
			t.Fatal(err)
		}
		if n.Standard {
			continue
		}
		for i, p := range n.Imports {
			n.Imports[i] = strings.TrimPrefix(p, module)
		}
		g[strings.TrimPrefix(n.ImportPath, module)] = n.Imports
	}
}

// matches reports whether a package is one of the named ones.
func matches(pkg string, names []string) bool {
	return slices.ContainsFunc(names, func(name string) bool {
		below, ok := strings.CutSuffix(name, "/...")
		return pkg == name || ok && (pkg == below || strings.HasPrefix(pkg, below+"/"))
	})
}

// path finds the shortest way from a package to a forbidden one, nil where there is none.
func path(g map[string][]string, from string, never []string, direct bool) []string {
	before := map[string]string{from: ""}
	for queue := []string{from}; len(queue) > 0; queue = queue[1:] {
		for _, p := range g[queue[0]] {
			if _, seen := before[p]; seen {
				continue
			}
			before[p] = queue[0]
			if matches(p, never) {
				way := []string{p}
				for at := queue[0]; at != ""; at = before[at] {
					way = append([]string{at}, way...)
				}
				return way
			}
			if !direct {
				queue = append(queue, p)
			}
		}
	}
	return nil
}

// TestBoundaries: the arrows between packages, with the reason of each. A row that binds nothing is an error too: its
// package has moved.
func TestBoundaries(t *testing.T) {
	g := graph(t)
	for _, b := range boundaries {
		bound := 0
		for pkg := range g {
			if !matches(pkg, b.from) || matches(pkg, b.except) || strings.Contains(pkg, ".") {
				continue
			}
			bound++
			if way := path(g, pkg, b.never, b.direct); way != nil {
				t.Errorf("%s\n\tmust not be: %s", strings.Join(way, " -> "), b.reason)
			}
		}
		if bound == 0 {
			t.Errorf("no package matches %v: mend the row or remove it", b.from)
		}
	}
}

// TestBoundariesFind shows that the table's reader sees a direct, an indirect and a permitted arrow.
func TestBoundariesFind(t *testing.T) {
	g := map[string][]string{"a": {"b"}, "b": {"c/d"}, "c/d": nil, "e": {"os"}}
	for _, c := range []struct {
		from   string
		never  []string
		direct bool
		want   string
	}{
		{"a", []string{"c/..."}, false, "[a b c/d]"},
		{"a", []string{"c/..."}, true, "[]"},
		{"a", []string{"b"}, true, "[a b]"},
		{"a", []string{"c"}, false, "[]"},
		{"e", []string{"os"}, true, "[e os]"},
	} {
		if got := fmt.Sprint(path(g, c.from, c.never, c.direct)); got != c.want {
			t.Errorf("%s never %v, direct %v: got %s, want %s", c.from, c.never, c.direct, got, c.want)
		}
	}
}
