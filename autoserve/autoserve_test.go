package autoserve

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gkhi/gkhi"
	"github.com/gkhi/gkhi/internal/control/client"
	"github.com/gkhi/gkhi/internal/control/controltest"
	"github.com/gkhi/gkhi/internal/failpoint"
	"github.com/gkhi/gkhi/internal/testenv"
)

func TestMain(m *testing.M) { testenv.Main(m) }

// program is testdata/prog while it runs.
type program struct {
	pid    int
	dir    string // of its socket
	in     io.Writer
	out    *bufio.Reader
	stderr *bytes.Buffer
	end    func()
}

func run(t *testing.T, env ...string) *program {
	t.Helper()
	p := &program{dir: filepath.Join(t.TempDir(), "s"), stderr: &bytes.Buffer{}}
	cmd := testenv.Command(t, testenv.Build(t, "./testdata/prog"))
	cmd.Env = append(append(os.Environ(), "GKHI_SOCKET_DIR="+p.dir), env...)
	cmd.Stderr = p.stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p.pid, p.in, p.out = cmd.Process.Pid, in, bufio.NewReader(out)
	p.end = func() {
		in.Close()
		if err := cmd.Wait(); err != nil {
			t.Errorf("the program: %v", err)
		}
	}
	if got := p.line(t); got != "ready" {
		t.Fatal(got)
	}
	return p
}

func (p *program) line(t *testing.T) string {
	t.Helper()
	s, err := p.out.ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSuffix(s, "\n")
}

// sockets returns those that the program has.
func (p *program) sockets(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(p.dir, "*.sock"))
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func TestServes(t *testing.T) {
	p := run(t, gkhi.FailEnv+`=prog.decision=return("from the environment")`)
	s := p.sockets(t)
	if len(s) != 1 {
		t.Fatalf("sockets %q", s)
	}
	c, err := client.At(s[0]).Dial(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if hooks, err := c.Hooks(t.Context()); err != nil || len(hooks) != 1 || hooks[0].Name != "prog.decision" {
		t.Errorf("%+v, %v", hooks, err)
	}
	// The failpoint is set soon after its decision was declared.
	if err := controltest.Until(func() bool {
		fmt.Fprint(p.in, ".")
		return p.line(t) == "from the environment true"
	}); err != nil {
		t.Error(err)
	}
	p.end()
	if p.stderr.Len() > 0 {
		t.Errorf("it says %s", p.stderr)
	}
}

func TestOff(t *testing.T) {
	p := run(t, Env+"=off", gkhi.FailEnv+"=prog.decision=panic")
	if s := p.sockets(t); len(s) != 0 {
		t.Errorf("sockets %q", s)
	}
	fmt.Fprint(p.in, ".")
	if got := p.line(t); got != "<nil> false" {
		t.Error(got)
	}
	p.end()
}

// What is wrong is said, and the program goes on.
func TestErrorsAreReported(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	p := run(t, "GKHI_SOCKET_DIR="+file, gkhi.FailEnv+"=prog.decision=retrun;x")
	p.end()
	for _, part := range []string{"is not a directory", "retrun", "gkhi: autoserve: GKHI_FAIL"} {
		if !strings.Contains(p.stderr.String(), part) {
			t.Errorf("%q does not say %q", p.stderr, part)
		}
	}
}

var hook gkhi.Hook[int]

func TestSetLater(t *testing.T) {
	terms, err := failpoint.ParseList("autoserve.absent=panic;autoserve.hook=panic")
	if err != nil {
		t.Fatal(err)
	}
	gkhi.Declare(&hook, "autoserve.hook", "for tests")
	var errs []error
	setLater(terms, 20*time.Millisecond, func(err error) { errs = append(errs, err) })
	if len(errs) != 2 || !errors.Is(errs[0], gkhi.ErrNotDecision) || !errors.Is(errs[1], gkhi.ErrUnknown) {
		t.Errorf("%v", errs)
	}
}
