package cli

import (
	"strings"
	"testing"

	"github.com/gkhi/gkhi/internal/control/wire"
	"github.com/gkhi/gkhi/internal/feature"
)

// Sites whose hook is toggled too often are nothing to do something about; others that test their flag are.
func TestSitesFinding(t *testing.T) {
	for _, tt := range []struct {
		restless int
		state    feature.State
		detail   string
	}{
		{3, feature.OK, "1 of 4 patched through /proc/self/mem; the others test a byte in memory until their hook is toggled less often"},
		{2, feature.Limited, "1 of 4 patched through /proc/self/mem; the others test a byte in memory"},
	} {
		f := sites(wire.Status{Method: "/proc/self/mem", Sites: 4, Patched: 1, Restless: tt.restless})
		if f.State != tt.state || !strings.Contains(f.Detail, tt.detail) {
			t.Errorf("%d restless sites: %+v", tt.restless, f)
		}
	}
	f := sites(wire.Status{Method: "/proc/self/mem", Sites: 4, Patched: 4, Why: []string{"1 is odd"}})
	if f.State != feature.Limited || !strings.Contains(f.Detail, "4 of 4 patched through /proc/self/mem; 1 is odd") || f.Advice == "" {
		t.Errorf("an odd site: %+v", f)
	}
}
