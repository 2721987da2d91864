package registrar

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/guildmark/guildmark/chaincode/host"
	"github.com/guildmark/guildmark/chaincode/ledger"
)

// List is the owners' list: the machine's owner and product line for each one-time code, which is stored as a hash.
type List struct {
	Codes []Entry `json:"codes"`
}

// Entry is one machine that may enroll.
type Entry struct {
	Code  string `json:"code"`  // SHA-256 of the code, hex
	Owner string `json:"owner"` // buyer party id
	Line  string `json:"line"`
}

// Codes are the list and the codes of it that were used.
type Codes struct {
	path string // of the list
	used string // folder: one file for each used code, which holds the machine's id
}

func hashOf(code string) string {
	h := sha256.Sum256([]byte("guildmark/code/1|" + strings.ToUpper(strings.TrimSpace(code))))
	return hex.EncodeToString(h[:])
}

// ErrLine reports that a code was asked for a product line that the registrar does not serve, whose machine
// could never enroll with it. Take one of the lines that the text behind it names.
var ErrLine = errors.New("product line not served")

// ErrOwner reports that a code was asked for something else than a party id. The ids of a network's buyers
// stand in its connection.json.
var ErrOwner = errors.New("owner of the machine")

// Add draws a new code for an owner's machine and appends it to the list at path. Lines are those that the
// registrar serves.
func Add(path, owner, line string, lines []string) (string, error) {
	if !ledger.IsParty(owner) {
		return "", fmt.Errorf("%w: expected a party id such as OperatorMSP.0123456789abcdef, got %q", ErrOwner, owner)
	}
	if !slices.Contains(lines, line) {
		return "", fmt.Errorf("%w: got %q, this registrar serves %s", ErrLine, line, strings.Join(lines, ", "))
	}
	raw := make([]byte, 15)
	_, _ = rand.Read(raw) // never fails: crypto/rand
	code := base32.StdEncoding.EncodeToString(raw)
	list, err := readList(path)
	if err != nil {
		return "", err
	}
	list.Codes = append(list.Codes, Entry{Code: hashOf(code), Owner: owner, Line: line})
	doc, err := json.MarshalIndent(list, "", "  ")
	if err != nil {
		return "", fmt.Errorf("encode the list: %w", err)
	}
	return code, host.Replace(path, append(doc, '\n'), host.Private)
}

func readList(path string) (List, error) {
	list := List{Codes: []Entry{}}
	raw, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return list, nil
	}
	if err != nil {
		return list, fmt.Errorf("read the owners' list: %w", err)
	}
	if err := ledger.Decode(raw, &list); err != nil {
		return list, fmt.Errorf("read the owners' list %s: %w", path, err)
	}
	return list, nil
}

// find returns the entry of a code. The list is read each time, so that new codes count at once.
func (c Codes) find(code string) (Entry, error) {
	list, err := readList(c.path)
	if err != nil {
		return Entry{}, err
	}
	hash := hashOf(code)
	for _, e := range list.Codes {
		if e.Code == hash {
			return e, nil
		}
	}
	return Entry{}, ErrCode
}

// use binds a code to a machine for ever; the same machine may use it again. The file is created whole or not
// at all, so of two machines that use one code at once, one is refused.
func (c Codes) use(e Entry, machineID string) error {
	path := filepath.Join(c.used, e.Code)
	err := host.Create(path, []byte(machineID))
	if !errors.Is(err, fs.ErrExist) {
		return err
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("read a used code: %w", err)
	}
	if string(raw) != machineID {
		return ErrCode
	}
	return nil
}
