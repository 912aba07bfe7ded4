package cli

import (
	"bytes"
	"os/exec"
	"strings"
	"testing"

	"github.com/gkhi/gkhi/internal/testenv"
)

func TestCompletionScripts(t *testing.T) {
	for _, shell := range shells {
		if out := completionScript(t, shell); !strings.Contains(out, "gkhi") || !strings.Contains(out, "__complete") {
			t.Errorf("the script for %s asks gkhi for nothing:\n%s", shell, out)
		}
	}
}

// The others are held to their grammar by cobra's own tests.
func TestCompletionScriptInBash(t *testing.T) {
	testenv.Need(t, testenv.Tool("bash"))
	cmd := exec.Command("bash", "-n")
	cmd.Stdin = strings.NewReader(completionScript(t, "bash"))
	if msg, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, msg)
	}
}

func completionScript(t *testing.T, shell string) string {
	t.Helper()
	var out, errOut bytes.Buffer
	e, _ := testEnv(newWorld(), &out, &errOut)
	if code := e.run([]string{"completion", shell}); code != exitOK {
		t.Fatalf("completion %s: exit code %d, %s", shell, code, errOut.String())
	}
	return out.String()
}
