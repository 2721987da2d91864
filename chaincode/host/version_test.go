package host

import (
	"runtime/debug"
	"testing"
)

func TestVersionText(t *testing.T) {
	for _, tt := range []struct {
		name     string
		settings []debug.BuildSetting
		want     string
	}{
		{"stamped", []debug.BuildSetting{
			{Key: "vcs.revision", Value: "abc"},
			{Key: "vcs.modified", Value: "false"},
		}, "v1.2.3 commit abc"},
		{"changed", []debug.BuildSetting{
			{Key: "vcs.revision", Value: "abc"},
			{Key: "vcs.modified", Value: "true"},
		}, "v1.2.3 commit abc with local changes"},
		{"not stamped", nil, "v1.2.3 commit unknown"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := version(&debug.BuildInfo{
				Main:     debug.Module{Version: "v1.2.3"},
				Settings: tt.settings,
			}); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

// A loopback address may do without TLS, no other.
func TestLoopback(t *testing.T) {
	for address, want := range map[string]bool{
		"127.0.0.1:0": true, "[::1]:0": true, "localhost:0": true, "0.0.0.0:0": false, ":0": false,
		"192.0.2.1:0": false, "": false,
	} {
		if got := loopback(address); got != want {
			t.Errorf("loopback(%q) = %v, want %v", address, got, want)
		}
	}
}
