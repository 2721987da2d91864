package process

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/guildmark/guildmark/network/node"
)

// unready lists the selected processes that are not ready, each with its state and the last line of its log.
func unready(ctx context.Context, control *node.Client, logs string, selectors []string) string {
	list, err := control.List(ctx)
	if err != nil {
		return err.Error()
	}
	var all []string
	for _, p := range list {
		if p.State == node.Ready || !slices.ContainsFunc(selectors, p.Matches) {
			continue
		}
		text := fmt.Sprintf("%s is %s", p.Name, p.State)
		if p.LastExit != "" {
			text += ", ended last by " + p.LastExit
		}
		if line := lastLine(filepath.Join(logs, p.Name+".log")); line != "" {
			text += ", its log ends with: " + line
		}
		all = append(all, text)
	}
	return strings.Join(all, "; ")
}

// longestLine bounds what of a log line is shown.
const longestLine = 240

// lastLine is the last line of a log; "" when there is none.
func lastLine(path string) string {
	raw, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	raw = bytes.TrimSpace(raw)
	line := raw[bytes.LastIndexByte(raw, '\n')+1:]
	if len(line) > longestLine {
		line = append(line[:longestLine:longestLine], "..."...)
	}
	return string(line)
}
