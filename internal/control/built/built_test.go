package built

import (
	"runtime/debug"
	"strings"
	"testing"

	"github.com/gkhi/gkhi/internal/control/self"
)

func TestVersion(t *testing.T) {
	for name, tt := range map[string]struct {
		info debug.BuildInfo
		want string
	}{
		"main":     {debug.BuildInfo{Main: debug.Module{Path: self.Module, Version: "v1.0.0"}}, "v1.0.0"},
		"dep":      {debug.BuildInfo{Deps: []*debug.Module{{Path: "x"}, {Path: self.Module, Version: "v1.1.0"}}}, "v1.1.0"},
		"replaced": {debug.BuildInfo{Deps: []*debug.Module{{Path: self.Module, Version: "v1.1.0", Replace: &debug.Module{Path: "../gkhi"}}}}, "(devel)"},
		"fork":     {debug.BuildInfo{Deps: []*debug.Module{{Path: self.Module, Version: "v1.1.0", Replace: &debug.Module{Path: "y", Version: "v1.2.0"}}}}, "v1.2.0"},
		"none":     {debug.BuildInfo{Deps: []*debug.Module{{Path: "x"}}}, ""},
	} {
		if got := Version(&tt.info, self.Module); got != tt.want {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
	}
}

// Package self knows of the build once this package is linked.
func TestSelfKnows(t *testing.T) {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		t.Fatal("this test has no build information")
	}
	if h := self.Hello(); h.Main != info.Path || !strings.Contains(h.Main, "internal/control/built") {
		t.Errorf("the main package is %q, want %q", h.Main, info.Path)
	}
}
