package play

import (
	"bufio"
	"context"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/guildmark/guildmark/network/node"
	"github.com/guildmark/guildmark/network/topology"
)

// Status is how a network is.
type Status struct {
	Directory    string            `json:"directory"`
	Up           bool              `json:"up"`
	Supervisor   int               `json:"supervisor_pid,omitempty"`
	Channels     []string          `json:"channels"`
	Consensus    string            `json:"consensus"`
	Leader       map[string]string `json:"leader,omitempty"`  // by channel: the orderer that leads
	Heights      map[string]uint64 `json:"heights,omitempty"` // "<peer>/<channel>": blocks
	Certificates []Expiry          `json:"certificates"`      // the one that ends first of each partner
	Processes    []node.Status     `json:"processes"`
}

// Expiry is when a certificate ends.
type Expiry struct {
	Partner string `json:"partner"`
	File    string `json:"file"`
	Days    int    `json:"days"`
}

// Status asks supervisor, peers, orderers and files. What can't be asked is left out.
func (n *Network) Status(ctx context.Context, now time.Time) (Status, error) {
	s := Status{
		Directory: n.layout.Dir, Channels: n.state.Channels, Consensus: string(n.state.Topology.Consensus),
		Leader: map[string]string{}, Heights: map[string]uint64{},
	}
	certificates, err := n.expiries(now)
	if err != nil {
		return s, err
	}
	s.Certificates = certificates
	if s.Supervisor, err = n.control.PID(ctx); err != nil {
		return s, nil //nolint:nilerr // down is an answer
	}
	s.Up = true
	if s.Processes, err = n.control.List(ctx); err != nil {
		return s, err
	}
	for _, p := range n.partners() {
		for channel, value := range gauge(ctx, n.ports.Address("peer-operations."+p.Name), "ledger_blockchain_height") {
			s.Heights["peer."+p.Name+"/"+channel] = uint64(value)
		}
		for channel, value := range gauge(ctx, n.ports.Address("orderer-operations."+p.Name), n.leaderGauge()) {
			if value == 1 {
				s.Leader[channel] = "orderer." + p.Name
			}
		}
	}
	return s, nil
}

func (n *Network) leaderGauge() string {
	if n.state.Topology.Consensus == topology.BFT {
		return "consensus_BFT_is_leader"
	}
	return "consensus_etcdraft_is_leader"
}

// gauge reads one metric by channel from a Prometheus page; nil when nobody answers.
func gauge(ctx context.Context, address, name string) map[string]float64 {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+"/metrics", nil)
	if err != nil {
		return nil
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil
	}
	defer func() { _ = resp.Body.Close() }()
	values := map[string]float64{}
	lines := bufio.NewScanner(io.LimitReader(resp.Body, 1<<22))
	for lines.Scan() {
		rest, ok := strings.CutPrefix(lines.Text(), name+`{channel="`)
		if !ok {
			continue
		}
		channel, rest, _ := strings.Cut(rest, `"`)
		_, number, _ := strings.Cut(rest, "} ")
		if v, err := strconv.ParseFloat(number, 64); err == nil {
			values[channel] = v
		}
	}
	return values
}

// expiries finds for each partner the certificate that ends first.
func (n *Network) expiries(now time.Time) ([]Expiry, error) {
	var list []Expiry
	for _, p := range n.partners() {
		files, err := n.certificates(p)
		if err != nil {
			return nil, err
		}
		for i, file := range files {
			days, err := daysLeft(file, now)
			if err != nil {
				return nil, err
			}
			if e := (Expiry{Partner: p.Name, File: file, Days: days}); i == 0 {
				list = append(list, e)
			} else if days < list[len(list)-1].Days {
				list[len(list)-1] = e
			}
		}
	}
	return list, nil
}

// certificates are the files of all certificates that a partner holds, at the depths that Layout has.
func (n *Network) certificates(p topology.Partner) ([]string, error) {
	var files []string
	for _, pattern := range []string{"*/cert.pem", "*/*/cert.pem", "*/*/*/cert.pem"} {
		found, err := filepath.Glob(filepath.Join(n.layout.partner(p.Name), pattern))
		if err != nil {
			return nil, fmt.Errorf("certificates: %w", err)
		}
		files = append(files, found...)
	}
	return files, nil
}

func daysLeft(file string, now time.Time) (int, error) {
	raw, err := os.ReadFile(file)
	if err != nil {
		return 0, fmt.Errorf("certificate: %w", err)
	}
	block, _ := pem.Decode(raw)
	if block == nil {
		return 0, fmt.Errorf("%w: no certificate in %s", ErrState, file)
	}
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return 0, fmt.Errorf("%w: %s: %w", ErrState, file, err)
	}
	return int(cert.NotAfter.Sub(now).Hours() / 24), nil
}
