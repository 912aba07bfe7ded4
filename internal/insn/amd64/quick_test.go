package amd64_test

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/gkhi/gkhi/internal/testenv"
)

// quick reports whether to look at a part only: with -short, and where
// comparing is many times slower.
func quick() bool {
	return testing.Short() || !testenv.Met(testenv.NoRace, testenv.Native)
}

func goroot(t testing.TB) string {
	t.Helper()
	out, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}
