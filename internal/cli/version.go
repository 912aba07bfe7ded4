package cli

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/gkhi/gkhi/internal/control/self"
	"github.com/gkhi/gkhi/internal/control/wire"
)

const versionLong = `Version prints the version of the command, of the Go toolchain that built it, and of the
protocol in which it talks to processes. A process and a command work together as long as
they share a protocol.`

func newVersion(e *env) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:               "version",
		Short:             "print the version of gkhi",
		Long:              versionLong,
		Example:           "  gkhi version\n  gkhi version --json",
		GroupID:           groupAround,
		Args:              between(0, 0, nil),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(*cobra.Command, []string) error {
			if !asJSON {
				return e.lines([]string{e.build.String()})
			}
			return e.object(e.build)
		},
	}
	jsonFlag(cmd, &asJSON)
	return cmd
}

// A versionInfo says what the command is and how it was built.
type versionInfo struct {
	Version   string `json:"version"`
	Revision  string `json:"revision,omitempty"` // of the checkout that it was built from
	Modified  bool   `json:"modified,omitempty"` // the checkout had changes
	GoVersion string `json:"goVersion"`
	Platform  string `json:"platform"`
	Proto     int    `json:"proto"`
	MinProto  int    `json:"minProto"`
}

// buildVersion describes the running program.
func buildVersion() versionInfo {
	v := versionInfo{
		Version:   self.Version(),
		GoVersion: runtime.Version(),
		Platform:  runtime.GOOS + "/" + runtime.GOARCH,
		Proto:     wire.Proto,
		MinProto:  wire.MinProto,
	}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			switch s.Key {
			case "vcs.revision":
				v.Revision = s.Value
			case "vcs.modified":
				v.Modified = s.Value == "true"
			}
		}
	}
	return v
}

// String is one line for people.
func (v versionInfo) String() string {
	return fmt.Sprintf("gkhi %s %s %s protocol %d", v.Version, v.GoVersion, v.Platform, v.Proto)
}
