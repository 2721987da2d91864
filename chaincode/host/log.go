package host

import (
	"fmt"
	"io"
	"log/slog"
)

// Log makes a logger that writes one JSON object a line. The level is debug, info, warn or error; "" is info.
// Its error is the problem of a [ConfigError].
func Log(to io.Writer, level string) (*slog.Logger, error) {
	l := slog.LevelInfo
	if level != "" {
		if err := l.UnmarshalText([]byte(level)); err != nil {
			return nil, fmt.Errorf("expected debug, info, warn or error, got %q", level)
		}
	}
	return slog.New(slog.NewJSONHandler(to, &slog.HandlerOptions{Level: l})), nil
}
