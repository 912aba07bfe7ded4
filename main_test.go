package gkhi

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"testing"

	"github.com/gkhi/gkhi/internal/testenv"
)

// childEnv names the variable that makes the test binary run one of children
// instead of the tests: what can only be seen from outside of a process.
const childEnv = "GKHI_TEST_CHILD"

var children = map[string]func(){}

func TestMain(m *testing.M) {
	if name := os.Getenv(childEnv); name != "" {
		children[name]()
		return
	}
	useOwnSlots() // or the first tests would do without, until somebody has asked
	testenv.Main(m)
}

// child runs one of children and returns what it printed and its exit code.
func child(t *testing.T, name string, env ...string) (stdout, stderr string, exit int) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := testenv.Command(t, self)
	cmd.Env = append(append(os.Environ(), childEnv+"="+name), env...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	var exited *exec.ExitError
	if err := cmd.Run(); err != nil && !errors.As(err, &exited) {
		t.Fatal(err)
	}
	return out.String(), errs.String(), cmd.ProcessState.ExitCode()
}
