package patch

import (
	"testing"

	"github.com/gkhi/gkhi/internal/testenv"
)

// TestRegisters compares all registers and flags before and behind points.
func TestRegisters(t *testing.T) {
	testenv.Need(t, patchable...)
	prog := testenv.Build(t, "./testdata/registers")
	if out, err := testenv.Command(t, prog).CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
