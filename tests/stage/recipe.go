package stage

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/guildmark/guildmark/network/play"
)

// Recipe is what a licensor of the licensors' partner sells.
type Recipe struct {
	Data     string // below the project's folder
	Title    string
	Licensor string // name of the identity
	Folder   string // below the story's folder, for what sealing makes
	Price    int64  // satoshi
	Uses     int64
}

// Path is the folder of the sealed recipe.
func (s *Stage) Path(r Recipe) string { return filepath.Join(s.Dir, "licensor", r.Folder) }

// Seal seals a recipe at its licensor's, for all three custodians and the machines' product line. It gives the
// dataset's id.
func (s *Stage) Seal(ctx context.Context, r Recipe) (string, error) {
	if err := os.MkdirAll(filepath.Join(s.Dir, "licensor"), 0o700); err != nil {
		return "", fmt.Errorf("seal: %w", err)
	}
	var made struct {
		Dataset string `json:"dataset"`
	}
	err := s.Ask(ctx, &made, "guildmark", "seal", "--data", filepath.Join(s.Root, r.Data), "--profile",
		"beverage/1", "--title", r.Title,
		"--bundle", s.BundleFile(), "--connection", s.ConnectionFile(), "--identity",
		s.Identity("licensors", r.Licensor),
		"--custodians", "LicensorsMSP,ManufacturerMSP,OperatorMSP", "--lines", play.Line, "--out", s.Path(r))
	return made.Dataset, err
}

// Publishing are the arguments that publish a sealed recipe; its two contributors share 2:1.
func (s *Stage) Publishing(r Recipe, wait time.Duration) []string {
	return []string{
		"publish", "--folder", s.Path(r), "--connection", s.ConnectionFile(), "--identity",
		s.Identity("licensors", r.Licensor),
		"--gateway", s.URL("gateway"), "--gateway-roots", s.Conn.TLSRoot("operator"),
		"--price", strconv.FormatInt(r.Price, 10), "--uses", strconv.FormatInt(r.Uses, 10),
		"--contributor", s.Party("licensors", "licensor1") + "=2", "--contributor",
		s.Party("licensors", "licensor2") + "=1",
		"--wait", wait.String(),
	}
}
