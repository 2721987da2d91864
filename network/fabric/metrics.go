package fabric

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/guildmark/guildmark/network/home"
	"github.com/guildmark/guildmark/network/topology"
)

// Heights are the numbers of blocks that the partner's peer has, by channel; nil when it does not answer.
func Heights(ctx context.Context, h *home.Home) map[string]uint64 {
	heights := map[string]uint64{}
	for channel, value := range gauge(ctx, h.Address("peer-operations"), "ledger_blockchain_height") {
		heights[channel] = uint64(value)
	}
	return heights
}

// Leads lists the channels on which the partner's orderer leads.
func Leads(ctx context.Context, h *home.Home) []string {
	name := "consensus_etcdraft_is_leader"
	if h.Topology.Consensus == topology.BFT {
		name = "consensus_BFT_is_leader"
	}
	var channels []string
	for channel, value := range gauge(ctx, h.Address("orderer-operations"), name) {
		if value == 1 {
			channels = append(channels, channel)
		}
	}
	return channels
}

// gauge reads one metric by channel from a Prometheus page; nil when there is no response.
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
