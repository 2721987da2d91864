package play

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/guildmark/guildmark/network/topology"
)

// genesis makes the first block of a channel with Fabric's own configtxgen: fabric-config v0.3.0 doesn't know BFT (facts: Fabric 1).
func (n *Network) genesis(ctx context.Context, channel string) error {
	dir := filepath.Join(n.layout.Dir, "channels", channel)
	raw, err := render("configtx.yaml", n.configtx(channel))
	if err != nil {
		return err
	}
	if err := put(filepath.Join(dir, "configtx.yaml"), raw); err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, n.programs.tool("configtxgen"), //nolint:gosec // a program of the tools folder, arguments of ours
		"-profile", "Guildmark", "-channelID", channel, "-outputBlock", n.layout.block(channel))
	cmd.Env = []string{"FABRIC_CFG_PATH=" + dir, "FABRIC_LOGGING_SPEC=warn"}
	if said, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("genesis of %s: %w: %s", channel, err, said)
	}
	return os.Chmod(n.layout.block(channel), 0o600)
}

type genesisPartner struct {
	ID                             int
	Anchor, MSP, MSPDir            string
	OrdererHost, PeerHost          string
	OrdererPort, PeerPort          int
	OrdererCertificate, OrdererTLS string
}

func (n *Network) configtx(channel string) map[string]any {
	var partners []genesisPartner
	for i, p := range n.partners() {
		partners = append(partners, genesisPartner{
			ID: i + 1, Anchor: p.MSP, MSP: p.MSP, MSPDir: n.layout.msp(p.Name),
			OrdererHost: "127.0.0.1", PeerHost: "127.0.0.1",
			OrdererPort: n.ports["orderer."+p.Name], PeerPort: n.ports["peer."+p.Name],
			OrdererCertificate: certificate(filepath.Join(n.layout.orderer(p.Name), "identity")),
			OrdererTLS:         certificate(filepath.Join(n.layout.orderer(p.Name), "tls")),
		})
	}
	return map[string]any{"Channel": channel, "BFT": n.state.Topology.Consensus == topology.BFT, "Partners": partners}
}
