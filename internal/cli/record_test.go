package cli

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gkhi/gkhi/internal/event"
)

// runRecord runs gkhi with the arguments, as if Ctrl-C came once it would wait.
func runRecord(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	world := newWorld()
	var out, errOut bytes.Buffer
	e, _ := testEnv(world, &out, &errOut)
	ctx, cancel := context.WithCancelCause(t.Context())
	defer cancel(nil)
	e.interrupts = func(context.Context) (context.Context, context.CancelFunc) { return ctx, func() {} }
	world.interrupt = cancel
	code = e.run(args)
	return code, out.String(), errOut.String()
}

func TestRecord(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "kvd.rec")
	code, out, errOut := runRecord(t, "record", "kvd", "kvd.*", "-o", name)
	if code != 0 || out != "" || !strings.Contains(errOut, name+": 4 events in 1s, ") || !strings.Contains(errOut, "42 lost") {
		t.Fatalf("exit code %d, %q, %q", code, out, errOut)
	}
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if info, _ := f.Stat(); info.Mode().Perm() != 0o600 {
		t.Errorf("others may read it: %v", info.Mode())
	}
	r, err := event.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	var hooks []string
	for {
		rec, err := r.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if rec.Kind == event.KindHit {
			hooks = append(hooks, r.Hooks[rec.Hit.Hook])
		}
	}
	if want := "kvd.commit kvd.commit-error kvd.commit kvd.read-delay"; strings.Join(hooks, " ") != want {
		t.Errorf("recorded %v, want %s", hooks, want)
	}
	if sum := r.Summary(); sum.Truncated || sum.Lost != 42 {
		t.Errorf("%+v", sum)
	}
	code, out, errOut = runRecord(t, "record", "kvd", "kvd.commit", "-o", name, "--json")
	if code != 0 || !strings.Contains(out, `"events":2,"lost":42,`) {
		t.Errorf("over a recording: exit code %d, %q, %q", code, out, errOut)
	}
}

func TestRecordKeepsOtherFiles(t *testing.T) {
	name := filepath.Join(t.TempDir(), "thesis.txt")
	if err := os.WriteFile(name, []byte("ten years of work"), 0o600); err != nil {
		t.Fatal(err)
	}
	code, _, errOut := runRecord(t, "record", "kvd", "kvd.*", "-o", name)
	if code != 1 || !strings.Contains(errOut, "is no recording") {
		t.Errorf("exit code %d, %q", code, errOut)
	}
	if b, _ := os.ReadFile(name); string(b) != "ten years of work" {
		t.Errorf("the file has %q now", b)
	}
}

func TestRecordNothing(t *testing.T) {
	name := filepath.Join(t.TempDir(), "x.rec")
	if code, _, errOut := runRecord(t, "record", "kvd", "kvd.comit", "-o", name); code != 1 || !strings.Contains(errOut, "kvd.commit") {
		t.Errorf("exit code %d, %q", code, errOut)
	}
	if _, err := os.Stat(name); err == nil {
		t.Error("an empty file stays")
	}
	for _, args := range [][]string{{"record"}, {"record", "kvd"}, {"record", "--"}, {"record", "x", "--"}} {
		if code, _, errOut := runRecord(t, args...); code != 2 {
			t.Errorf("%q: exit code %d, %q", args, code, errOut)
		}
	}
}
