package cli

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/gkhi/gkhi/internal/testenv"
)

// TestDemo is the whole thing, as a user runs it: it builds and starts the
// service and uses the commands of this package on it.
func TestDemo(t *testing.T) {
	testenv.Need(t, testenv.GoCommand, testenv.Native)
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)

	var out, errs bytes.Buffer
	if code := Run([]string{"demo", "--quick"}, nil, &out, &errs); code != 0 {
		t.Fatalf("exit code %d\n%s\n%s", code, out.String(), errs.String())
	}
	rest := out.String()
	for _, want := range []string{ // in this order
		"1. A service", "go build -tags nohooks ./examples/kvd",
		"2. What can be hooked", "kvd.commit", "dormant",
		"3. Watch events", "Took=",
		"4. How long do commits take?", "P99", "█",
		"5. Break it", `kvd.commit-error  10%return("disk full")`, "500 Internal Server Error",
		"kvd.commit-error  off", "204 No Content",
		"6. What does it cost?", "built without hooks", "every hook armed", "dormant again",
		"7. Any Go program", "gkhi build", "every function armed", "dormant again",
		"8. Where does the time go?", "(*Tx).Commit() {",
		"9. Record it", "FUNCTION", "The page, ",
		"10. That was it",
	} {
		at := strings.Index(rest, want)
		if at < 0 {
			t.Fatalf("%q is missing, or not in its place, in\n%s", want, out.String())
		}
		rest = rest[at+len(want):]
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v (%v)", left, err)
	}
}
