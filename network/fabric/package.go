package fabric

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
)

// packageMetadata is the metadata.json of a chaincode package.
type packageMetadata struct {
	Type  string `json:"type"`
	Label string `json:"label"`
}

// hashFile is the one file of the package's code: it names the binary, so that the package id names the code.
const hashFile = "chaincode.sha256"

// Package makes the chaincode package of a binary: the same bytes for all partners, with an id that is known
// before it is installed. The admin-sdk's own packager writes modification times, so that each of its
// packages differs (measured).
func Package(label, sum string) (content []byte, id string, err error) {
	code, err := archive(map[string][]byte{hashFile: []byte(sum + "\n")}, hashFile)
	if err != nil {
		return nil, "", err
	}
	metadata, err := json.Marshal(packageMetadata{Type: "ccaas", Label: label})
	if err != nil {
		return nil, "", fmt.Errorf("package: %w", err)
	}
	content, err = archive(map[string][]byte{"metadata.json": metadata, "code.tar.gz": code}, "metadata.json",
		"code.tar.gz")
	if err != nil {
		return nil, "", err
	}
	hash := sha256.Sum256(content)
	return content, label + ":" + hex.EncodeToString(hash[:]), nil
}

func archive(files map[string][]byte, names ...string) ([]byte, error) {
	var b bytes.Buffer
	zip := gzip.NewWriter(&b)
	t := tar.NewWriter(zip)
	for _, name := range names {
		header := &tar.Header{
			Name: name, Mode: 0o644, Size: int64(len(files[name])), Typeflag: tar.TypeReg,
			Format: tar.FormatUSTAR,
		}
		if err := t.WriteHeader(header); err != nil {
			return nil, fmt.Errorf("package: %w", err)
		}
		if _, err := t.Write(files[name]); err != nil {
			return nil, fmt.Errorf("package: %w", err)
		}
	}
	if err := t.Close(); err != nil {
		return nil, fmt.Errorf("package: %w", err)
	}
	if err := zip.Close(); err != nil {
		return nil, fmt.Errorf("package: %w", err)
	}
	return b.Bytes(), nil
}

// SumFile is the SHA-256 of a file in hexadecimal.
func SumFile(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", fmt.Errorf("sum: %w", err)
	}
	defer func() { _ = f.Close() }()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", fmt.Errorf("sum %s: %w", path, err)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
