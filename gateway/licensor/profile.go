package licensor

import (
	"bufio"
	"bytes"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/guildmark/guildmark/chaincode/ledger"
)

//go:embed profiles/*.json
var profiles embed.FS

// maxLine bounds a line of technology data, bytes; a machine reads it whole.
const maxLine = 4096

// Profile knows one technology: the JSON Schemas of its header and of its lines, and what no schema can say.
type Profile struct {
	Name   string // "beverage/1"
	header *jsonschema.Schema
	line   *jsonschema.Schema
}

// LoadProfile finds a profile by its name.
func LoadProfile(name string) (*Profile, error) {
	raw, err := profiles.ReadFile("profiles/" + strings.ReplaceAll(name, "/", "-") + ".json")
	if err != nil {
		return nil, ErrProfile.With("no profile " + name)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	if err != nil {
		return nil, fmt.Errorf("read profile %s: %w", name, err)
	}
	id := "guildmark:profile/" + name
	c := jsonschema.NewCompiler()
	if err := c.AddResource(id, doc); err != nil {
		return nil, fmt.Errorf("read profile %s: %w", name, err)
	}
	p := &Profile{Name: name}
	if p.header, err = c.Compile(id + "#/$defs/header"); err != nil {
		return nil, fmt.Errorf("compile profile %s: %w", name, err)
	}
	if p.line, err = c.Compile(id + "#/$defs/line"); err != nil {
		return nil, fmt.Errorf("compile profile %s: %w", name, err)
	}
	return p, nil
}

// Technology is the profile's name without its number.
func (p *Profile) Technology() string {
	t, _, _ := strings.Cut(p.Name, "/")
	return t
}

// Check reads technology data to its end: JSON Lines, the header first, every line by its schema, the whole by the
// technology's own sums.
func (p *Profile) Check(data io.Reader) error {
	whole := newSums(p.Technology())
	in := bufio.NewReaderSize(data, maxLine)
	for number := 1; ; number++ {
		line, err := in.ReadSlice('\n')
		if errors.Is(err, io.EOF) && len(line) == 0 && number > 1 {
			return whole.end()
		}
		if err != nil {
			return lineError(number, err)
		}
		schema, take := p.line, whole.line
		if number == 1 {
			schema, take = p.header, whole.header
		}
		if err := checkLine(schema, line, take); err != nil {
			return ErrProfile.With(fmt.Sprintf("line %d: %v", number, err))
		}
	}
}

func lineError(number int, err error) error {
	switch {
	case errors.Is(err, bufio.ErrBufferFull):
		return ErrProfile.With(fmt.Sprintf("line %d: longer than %d bytes", number, maxLine))
	case errors.Is(err, io.EOF):
		return ErrProfile.With(fmt.Sprintf("line %d: no line feed at its end", number))
	}
	return fmt.Errorf("read the data: %w", err)
}

func checkLine(schema *jsonschema.Schema, line []byte, take func([]byte) error) error {
	var strict json.RawMessage
	if err := ledger.Decode(line, &strict); err != nil { // duplicate keys, fractions, null
		return err
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(line))
	if err != nil {
		return err
	}
	if err := schema.Validate(doc); err != nil {
		return flat(err)
	}
	return take(line)
}

// flat puts a validation error, which is a tree over many lines, on one.
func flat(err error) error {
	var invalid *jsonschema.ValidationError
	if !errors.As(err, &invalid) {
		return err
	}
	for len(invalid.Causes) > 0 {
		invalid = invalid.Causes[0]
	}
	text := invalid.Error()
	_, reason, found := strings.Cut(text, "\n- ")
	if !found {
		reason = text
	}
	return errors.New(strings.ReplaceAll(reason, "\n", " "))
}

// sums are what a technology demands of the data as a whole.
type sums interface {
	header(line []byte) error
	line(line []byte) error
	end() error
}

func newSums(technology string) sums {
	if technology == "beverage" {
		return &beverage{}
	}
	return noSums{}
}

type noSums struct{}

func (noSums) header([]byte) error { return nil }
func (noSums) line([]byte) error   { return nil }
func (noSums) end() error          { return nil }
