package main

import (
	"fmt"
	"path/filepath"
	"time"

	"github.com/guildmark/guildmark/chaincode/host"
	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/network/topology"
)

// common is what every service's configuration begins with.
type common struct {
	Connection string `json:"connection"`
	Identity   string `json:"identity"`
	Listen     string `json:"listen"`
	TLS        tlsKey `json:"tls"`
}

type tlsKey struct {
	Certificate string `json:"certificate"`
	Key         string `json:"key"`
	Clients     string `json:"clients"`
}

type heartbeatConfig struct {
	common

	Interval string `json:"interval"`
}

type oracleConfig struct {
	common

	State    string `json:"state"`
	Node     string `json:"node"`
	Interval string `json:"interval"`
}

type custodianConfig struct {
	common

	State   string  `json:"state"`
	EKRoots ekRoots `json:"ekRoots"`
	Gateway server  `json:"gateway"`
}

type registrarConfig struct {
	common

	State   string   `json:"state"`
	EKRoots ekRoots  `json:"ekRoots"`
	Codes   string   `json:"codes"`
	Lines   []string `json:"lines"`
	Gateway string   `json:"gateway"`
	Issuer  string   `json:"issuer"`
}

type ekRoots struct {
	TPM  string `json:"tpm"`
	VTPM string `json:"vtpm"`
}

type server struct {
	URL   string `json:"url"`
	Roots string `json:"roots"`
}

// load reads a configuration strictly from a file that only its owner can read.
func load(path string, v interface{ base() *common }) error {
	if err := host.ReadPrivateConfig(path, v); err != nil {
		return err
	}
	c := v.base()
	for key, value := range map[string]string{"connection": c.Connection, "identity": c.Identity} {
		if !filepath.IsAbs(value) {
			return host.Expected(path, key, "an absolute path", value)
		}
	}
	return nil
}

func (c *common) base() *common { return c }

// who finds the identity in the connection file.
func (c *common) who() (topology.Connection, topology.Enrolled, error) {
	conn, err := topology.ReadConnection(c.Connection)
	if err != nil {
		return conn, topology.Enrolled{}, err
	}
	for _, id := range conn.Identities {
		if filepath.Dir(id.Certificate) == filepath.Clean(c.Identity) {
			return conn, id, nil
		}
	}
	return conn, topology.Enrolled{}, fmt.Errorf("%s is not an identity of %s", c.Identity, c.Connection)
}

// duration reads "20s"; "" is the default.
func duration(text string, otherwise time.Duration) (time.Duration, error) {
	if text == "" {
		return otherwise, nil
	}
	d, err := time.ParseDuration(text)
	if err != nil || d <= 0 {
		return 0, fmt.Errorf("interval: a duration above zero is expected, such as 20s, got %q", text)
	}
	return d, nil
}

// party finds a party by its id, or by the name of an identity in the connection file.
func (c *common) party(name string) (string, error) {
	if ledger.IsParty(name) {
		return name, nil
	}
	conn, err := topology.ReadConnection(c.Connection)
	if err != nil {
		return "", err
	}
	return conn.Party(name)
}
