package fabric

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"text/template"

	"github.com/guildmark/guildmark/network/home"
	"github.com/guildmark/guildmark/network/topology"
)

// Genesis makes the first block of a channel from what all partners published, and publishes it. It is made with
// Fabric's own configtxgen, a program whose path is given: fabric-config v0.3.0 doesn't know BFT.
func Genesis(ctx context.Context, h *home.Home, configtxgen, channel string) error {
	raw, err := configtx(h, channel)
	if err != nil {
		return err
	}
	// public material only; configtxgen wants its input in a folder
	dir, err := os.MkdirTemp("", "guildmark-genesis-")
	if err != nil {
		return fmt.Errorf("genesis of %s: %w", channel, err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	if err := home.Put(filepath.Join(dir, "configtx.yaml"), raw); err != nil {
		return err
	}
	made := filepath.Join(dir, "genesis.block")
	cmd := exec.CommandContext(ctx, configtxgen, "-profile", "Guildmark", "-channelID", channel, "-outputBlock", made) //nolint:gosec // a program of the tools folder, arguments of ours
	cmd.Env = []string{"FABRIC_CFG_PATH=" + dir, "FABRIC_LOGGING_SPEC=warn"}
	if said, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("genesis of %s: %w: %s", channel, err, said)
	}
	return home.Copy(made, h.Public().Genesis(channel))
}

type genesisPartner struct {
	ID                             int
	Anchor, MSP, MSPDir            string
	OrdererHost, PeerHost          string
	OrdererPort, PeerPort          int
	OrdererCertificate, OrdererTLS string
}

func configtx(h *home.Home, channel string) ([]byte, error) {
	var partners []genesisPartner
	for i, p := range h.Topology.Partners {
		shown := h.Of(p.Name)
		partners = append(partners, genesisPartner{
			ID: i + 1, Anchor: p.MSP, MSP: p.MSP, MSPDir: shown.MSP(),
			OrdererHost: "127.0.0.1", PeerHost: "127.0.0.1",
			OrdererPort: h.Ports["orderer."+p.Name], PeerPort: h.Ports["peer."+p.Name],
			OrdererCertificate: shown.ConsenterIdentity(), OrdererTLS: shown.ConsenterTLS(),
		})
	}
	t, err := template.New("configtx.yaml").Option("missingkey=error").ParseFS(configs, "config/configtx.yaml")
	if err != nil {
		return nil, fmt.Errorf("configuration of %s: %w", channel, err)
	}
	var b bytes.Buffer
	data := map[string]any{"Channel": channel, "BFT": h.Topology.Consensus == topology.BFT, "Partners": partners}
	if err := t.Execute(&b, data); err != nil {
		return nil, fmt.Errorf("configuration of %s: %w", channel, err)
	}
	return b.Bytes(), nil
}
