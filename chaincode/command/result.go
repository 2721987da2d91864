package command

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
)

// Result is what a command found or made: Text is for people, the value itself is encoded for programs.
type Result interface{ Text() string }

// Document is a result that is a document already: the same bytes for people and programs.
type Document []byte

// Text gives the document as it is.
func (d Document) Text() string { return string(d) }

// MarshalJSON gives the document as it is.
func (d Document) MarshalJSON() ([]byte, error) { return d, nil }

// format is the value of --output.
type format string

const (
	textFormat format = "text"
	jsonFormat format = "json"
)

// String is the format's name.
func (f *format) String() string { return string(*f) }

// Type names the value in help that has no name of its own.
func (f *format) Type() string { return "FORMAT" }

// Set takes text or json.
func (f *format) Set(text string) error {
	if text != string(textFormat) && text != string(jsonFormat) {
		return fmt.Errorf("text or json is expected")
	}
	*f = format(text)
	return nil
}

// versionOf is the result of --version.
type versionOf struct {
	Name    string `json:"name"`
	Version string `json:"version"`
}

func (v versionOf) Text() string { return v.Name + " " + v.Version }

// script is a completion script: no JSON is made of it.
type script string

func (s script) Text() string { return string(s) }

// write prints a result: its text with one line end, or one JSON document on one line.
func (p *program) write(r Result) error {
	text := strings.TrimSuffix(r.Text(), "\n")
	if _, ok := r.(script); !ok && p.format == jsonFormat {
		text = encode(r)
	}
	if text == "" {
		return nil
	}
	if _, err := fmt.Fprintln(p.console.Out, text); err != nil {
		return fmt.Errorf("write the result: %w", err)
	}
	return nil
}

// encode writes a value as JSON on one line. Results are plain structs; one that has no JSON is a mistake in
// the program.
func encode(v any) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic("command: a result without JSON: " + err.Error())
	}
	return strings.TrimSuffix(b.String(), "\n")
}
