package host

import "runtime/debug"

// Version is what --version prints behind the program's name: the module's version and the commit that the
// binary was built from, as Go stamped them in.
func Version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	return version(info)
}

func version(info *debug.BuildInfo) string {
	commit, changed := "unknown", "" // unknown: built with -buildvcs=false, or outside of a clone
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision":
			commit = s.Value
		case s.Key == "vcs.modified" && s.Value == "true":
			changed = " with local changes"
		}
	}
	return info.Main.Version + " commit " + commit + changed
}
