package topology

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

const (
	maxBytes = 1 << 20 // a consortium of hundreds of partners needs less
	maxDepth = 8       // the description itself nests four deep
)

// Decode reads a description strictly: unknown and repeated fields, nesting without need and trailing text are refused.
func Decode(raw []byte) (Topology, error) {
	if len(raw) > maxBytes {
		return Topology{}, fmt.Errorf("%w: %d bytes, at most %d", ErrSyntax, len(raw), maxBytes)
	}
	if err := checkKeys(raw); err != nil {
		return Topology{}, fmt.Errorf("%w: %w", ErrSyntax, err)
	}
	var t Topology
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(&t); err != nil {
		return Topology{}, fmt.Errorf("%w: %w", ErrSyntax, err)
	}
	if err := t.Validate(); err != nil {
		return Topology{}, err
	}
	return t, nil
}

// checkKeys walks the tokens once; encoding/json alone would let the last of two equal keys win and would match keys without regard to case.
func checkKeys(raw []byte) error {
	d := json.NewDecoder(bytes.NewReader(raw))
	if err := walkValue(d, 0); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("text after the description")
	}
	return nil
}

func walkValue(d *json.Decoder, depth int) error {
	if depth > maxDepth {
		return fmt.Errorf("nested deeper than %d", maxDepth)
	}
	token, err := d.Token()
	if err != nil {
		return fmt.Errorf("at byte %d: %w", d.InputOffset(), err)
	}
	switch token {
	case json.Delim('{'):
		return walkObject(d, depth)
	case json.Delim('['):
		for d.More() {
			if err := walkValue(d, depth+1); err != nil {
				return err
			}
		}
		_, err = d.Token()
		return err
	default:
		return nil
	}
}

func walkObject(d *json.Decoder, depth int) error {
	seen := map[string]bool{}
	for d.More() {
		token, err := d.Token()
		if err != nil {
			return fmt.Errorf("at byte %d: %w", d.InputOffset(), err)
		}
		key, _ := token.(string)
		if seen[key] {
			return fmt.Errorf("field %q twice", key)
		}
		if !lower(key) {
			return fmt.Errorf("field %q: fields are spelled in lower case", key)
		}
		seen[key] = true
		if err := walkValue(d, depth+1); err != nil {
			return err
		}
	}
	_, err := d.Token()
	return err
}

func lower(key string) bool {
	for _, r := range key {
		if (r < 'a' || r > 'z') && r != '_' {
			return false
		}
	}
	return key != ""
}
