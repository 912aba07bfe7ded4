package patch

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
)

// waitTraced waits until a process has a tracer and runs, or has none.
func waitTraced(t *testing.T, pid int, traced bool) {
	t.Helper()
	for range 1000 {
		b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
		if err != nil {
			t.Fatal(err)
		}
		stopped := strings.Contains(string(b), "State:\tt")
		if strings.Contains(string(b), "TracerPid:\t0\n") != traced && !stopped {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("pid %d: traced is not %v", pid, traced)
}
