package demo

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/gkhi/gkhi/internal/cli/draw"
	"github.com/gkhi/gkhi/internal/control/client"
	"github.com/gkhi/gkhi/internal/testenv"
)

func TestMain(m *testing.M) { testenv.Main(m) }

// A stage is a demo under test, with commands that are not those of package cli.
type stage struct {
	opts  Options
	out   bytes.Buffer
	build builder
	// ran has the commands so far, without the target.
	ran []string
	pid int
	// at is called before each command.
	at func(command string) error
}

// newStage returns a stage with an empty folder for temporary files, which has to
// be empty again after the test.
func newStage(t *testing.T) *stage {
	testenv.Need(t, testenv.Native)
	bare := testenv.Build(t, "../../../examples/kvd", "-tags=nohooks")
	hooked := testenv.Build(t, "../../../examples/kvd")
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	s := &stage{at: func(string) error { return nil }}
	s.build = func(_ context.Context, to, tags string) (string, error) {
		from := hooked
		if tags == "nohooks" {
			from = bare
		}
		return to, os.Link(from, to)
	}
	s.opts = Options{Out: &s.out, Quick: true, Gkhi: func(_ context.Context, args ...string) error {
		pid, err := strconv.Atoi(args[1])
		if err != nil {
			t.Errorf("gkhi %q: %v", args, err)
		}
		s.pid = pid
		s.ran = append(s.ran, args[0]+" "+strings.Join(args[2:], " "))
		return s.at(args[0])
	}}
	t.Cleanup(func() {
		if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
			t.Errorf("left behind: %v (%v)", left, err)
		}
		if s.pid != 0 {
			if p, err := client.Resolve(context.Background(), strconv.Itoa(s.pid)); !errors.Is(err, client.ErrNoProcess) {
				t.Errorf("process %v is left behind (%v)", p, err)
			}
		}
	})
	return s
}

func TestDemo(t *testing.T) {
	s := newStage(t)
	if err := start(t.Context(), s.opts, s.build); err != nil {
		t.Fatalf("%v\n%s", err, s.out.String())
	}
	for _, want := range []string{
		"1. A service",
		"6. What does it cost?",
		"built without hooks", "every hook armed", "dormant again",
		"7. That was it",
	} {
		if !strings.Contains(s.out.String(), want) {
			t.Errorf("%q is missing in:\n%s", want, s.out.String())
		}
	}
	want := []string{
		"ls ", "trace kvd.commit kvd.response -n 3", "stat kvd.commit --hist -d 1s",
		`fail kvd.commit-error 10%return("disk full")`, "fail kvd.commit-error off",
	}
	if got := strings.Join(s.ran, "\n"); got != strings.Join(want, "\n") {
		t.Errorf("commands:\n%s\nwant:\n%s", got, strings.Join(want, "\n"))
	}
}

// However the demo ends, newStage's cleanup sees that nothing is left.
func TestEndings(t *testing.T) {
	broken := errors.New("broken")
	for _, c := range []struct {
		name string
		err  error
		set  func(s *stage, interrupt func())
	}{
		{"a command fails", broken, func(s *stage, _ func()) {
			s.at = func(string) error { return broken }
		}},
		{"the build fails", broken, func(s *stage, _ func()) {
			s.build = func(context.Context, string, string) (string, error) { return "", broken }
		}},
		{"the second build fails", broken, func(s *stage, _ func()) {
			build := s.build
			s.build = func(ctx context.Context, to, tags string) (string, error) {
				if tags != "" {
					return "", broken
				}
				return build(ctx, to, tags)
			}
		}},
		{"what was built does not start", exec.ErrNotFound, func(s *stage, _ func()) {
			s.build = func(context.Context, string, string) (string, error) { return "no-such-program-as-this", nil }
		}},
		{"interrupted in a command", context.Canceled, func(s *stage, interrupt func()) {
			s.at = func(string) error { interrupt(); return nil }
		}},
		{"interrupted while it waits", context.Canceled, func(s *stage, interrupt func()) {
			s.at = func(command string) error {
				if command == "fail" {
					interrupt()
				}
				return nil
			}
		}},
		{"nobody reads", os.ErrClosed, func(s *stage, _ func()) { s.opts.Out = closedWriter{} }},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newStage(t)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			c.set(s, cancel)
			if err := start(ctx, s.opts, s.build); !errors.Is(err, c.err) {
				t.Errorf("error %v, want %v", err, c.err)
			}
			if strings.Contains(s.out.String(), "That was it") {
				t.Error("it says farewell all the same")
			}
		})
	}
}

type closedWriter struct{}

func (closedWriter) Write([]byte) (int, error) { return 0, os.ErrClosed }

func TestServiceThatEnds(t *testing.T) {
	testenv.Need(t, testenv.Native)
	kvd := testenv.Build(t, "../../../examples/kvd")
	_, err := startService(t.Context(), kvd, filepath.Join(t.TempDir(), "no", "such", "folder", "kvd.db"))
	if err == nil || !strings.Contains(err.Error(), "no such file") {
		t.Errorf("a service that can't open its file: %v", err)
	}
}

func TestReadLogs(t *testing.T) {
	addr := make(chan string, 1)
	last := readLogs(strings.NewReader(`plain text
{"msg":"serving","addr":"127.0.0.1:1"}
{"msg":"serving","addr":"127.0.0.1:2"}
{"msg":"the end"}
`), addr)
	if got := <-addr; got != "127.0.0.1:1" || last != `{"msg":"the end"}` {
		t.Errorf("addr %q, last %q", got, last)
	}
}

func TestRows(t *testing.T) {
	var tl tally
	for range 3 {
		tl.add(outcome{"writes", http.StatusNoContent, ""})
	}
	tl.add(outcome{"writes", http.StatusInternalServerError, `{"error":"commit: disk full"}`})
	tl.add(outcome{"reads", 0, "connection refused"})
	got := tl.reset().rows()
	want := []row{
		{"reads", 1, "connection refused"},
		{"writes", 3, "204 No Content"},
		{"writes", 1, `500 Internal Server Error {"error":"commit: disk full"}`},
	}
	if len(got) != len(want) || got[0] != want[0] || got[1] != want[1] || got[2] != want[2] {
		t.Errorf("rows %+v, want %+v", got, want)
	}
	if rest := tl.reset(); len(rest) != 0 {
		t.Errorf("after reset: %v", rest)
	}
}

func TestCostTable(t *testing.T) {
	of := func(rates ...float64) (list []sample) {
		for _, r := range rates {
			list = append(list, sample{rate: r, cpu: 1e8 / r})
		}
		return list
	}
	samples := [variants][]sample{
		without:      of(1000, 2000, 1500), // slow and fast rounds
		dormant:      of(1010, 1980, 1500),
		armed:        of(800, 1600, 1200),
		dormantAgain: of(1000, 2000, 1500),
		withoutAgain: of(1010, 1960, 1575),
	}
	check := func(want string) {
		t.Helper()
		if got := strings.Join(costTable(samples, draw.Style{}), "\n"); got != strings.Trim(want, "\n") {
			t.Errorf("got:\n%s\nwant:\n%s", got, want)
		}
	}
	check(`
                       READS         CHANGE  CPU A READ         CHANGE
built without hooks   1500/s                     66.7µs
dormant               1500/s   +0.0 ± 1.0 %      66.7µs   +0.0 ± 1.0 %
every hook armed      1200/s  -20.0 ± 0.0 %      83.3µs  +25.0 ± 0.0 %
dormant again         1500/s   +0.0 ± 0.0 %      66.7µs   +0.0 ± 0.0 %
without hooks, again  1575/s   +1.0 ± 3.5 %      63.5µs   -1.0 ± 3.4 %`)
	samples[without][1].cpu = 0
	check(`
                       READS         CHANGE
built without hooks   1500/s
dormant               1500/s   +0.0 ± 1.0 %
every hook armed      1200/s  -20.0 ± 0.0 %
dormant again         1500/s   +0.0 ± 0.0 %
without hooks, again  1575/s   +1.0 ± 3.5 %`)
}

// The intervals are those of tables of the sign test.
func TestMedianSure(t *testing.T) {
	for n, low := range map[int]int{1: 1, 2: 1, 5: 1, 6: 1, 8: 1, 9: 2, 12: 3, 20: 6, 25: 8, 50: 18} {
		var list []float64
		for i := range n {
			list = append(list, float64(n-i)) // n to 1
		}
		m, sure := medianSure(list)
		if want := float64(n+1) / 2; m != want || sure != float64(n+1-2*low)/2 {
			t.Errorf("1 to %d: median %v ± %v, want %v ± %v", n, m, sure, want, float64(n+1-2*low)/2)
		}
	}
}

func TestShellLine(t *testing.T) {
	got := shellLine([]string{"gkhi", "fail", "42", "kvd.commit-error", `10%return("it's full")`, "", "a-b_c=d:e,f/g.h"})
	want := `gkhi fail 42 kvd.commit-error '10%return("it'\''s full")' '' a-b_c=d:e,f/g.h`
	if got != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
}
