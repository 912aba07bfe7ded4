package testenv

import (
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// execEnv names the variable that holds the command, with its arguments, under
// which compiled programs run: what go test -exec was given, as a test binary
// can't see that flag.
const execEnv = "GKHI_TEST_EXEC"

// Emulator returns the command under which this test runs, such as
// ["qemu-aarch64"]; it is empty when the test runs on the CPU itself.
func Emulator() []string { return strings.Fields(os.Getenv(execEnv)) }

// Command returns a command that runs prog with args: a program that was
// compiled as this test was (by [Build], or os.Executable), which is started
// through the [Emulator] if there is one. Use os/exec itself for the machine's
// own tools.
//
// The program is killed when the test ends, just before its Cleanup functions
// run. Up to 10 seconds are then given to processes that keep its output open.
func Command(t testing.TB, prog string, args ...string) *exec.Cmd {
	t.Helper()
	argv := append(append(Emulator(), prog), args...)
	cmd := exec.CommandContext(t.Context(), argv[0], argv[1:]...)
	cmd.WaitDelay = 10 * time.Second
	return cmd
}
