// Package built tells package self, by being imported, what the program was built from. It is not a part of
// that, since to read it takes 9 KB of machine code, which the programs of gkhi build do without: the command reads their
// files.
package built

import (
	"runtime/debug"
	"sync"

	"github.com/gkhi/gkhi/internal/control/self"
)

func init() {
	self.SetBuilt(sync.OnceValues(func() (path, version string) {
		info, ok := debug.ReadBuildInfo()
		if !ok {
			return "", ""
		}
		return info.Path, Version(info, self.Module)
	}))
}

// Version returns the version of a module in a build, or "" when the build has none of it or does not know.
func Version(info *debug.BuildInfo, path string) string {
	if info.Main.Path == path {
		return info.Main.Version
	}
	for _, m := range info.Deps {
		if m.Path != path {
			continue
		}
		if m.Replace != nil {
			if m.Replace.Version == "" {
				return "(devel)" // replaced by a directory
			}
			m = m.Replace
		}
		return m.Version
	}
	return ""
}
