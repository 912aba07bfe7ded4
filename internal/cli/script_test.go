package cli

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "rewrite testdata/*.txt and docs/cli.md from what the commands print")

// TestScripts runs the transcripts in testdata. A transcript has comments (#), commands, and what these print:
//
//	$ [SETTING...] gkhi ls kvd
//	a line of standard output
//	! a line of standard error
//	? 1                            the exit code, where it is not 0
//
// Words in single quotes are one. Settings are ^C (Ctrl-C, once the command would wait), DIES (the process ends then), STOPS (it
// stops serving), TTY=80x24, and variables of the environment. The escape character is shown as ␛. The processes are those of newWorld,
// made anew for each file. To rewrite what the commands print, run go test with -update and read the difference.
func TestScripts(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got := runScript(t, string(want))
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o666); err != nil {
					t.Fatal(err)
				}
				return
			}
			if got != string(want) {
				t.Errorf("%s differs; with -update it would be:\n%s", file, firstDifference(string(want), got))
			}
		})
	}
}

// firstDifference returns the lines around the first one that differs.
func firstDifference(want, got string) string {
	w, g := strings.Split(want, "\n"), strings.Split(got, "\n")
	for i := range max(len(w), len(g)) {
		if i >= len(w) || i >= len(g) || w[i] != g[i] {
			from := max(i-3, 0)
			return fmt.Sprintf("line %d\n--- want\n%s\n--- got\n%s", i+1,
				strings.Join(w[from:min(i+6, len(w))], "\n"), strings.Join(g[from:min(i+6, len(g))], "\n"))
		}
	}
	return ""
}

// runScript runs a transcript's commands and returns it with what they printed.
func runScript(t *testing.T, script string) string {
	world := newWorld()
	var b strings.Builder
	for line := range strings.Lines(script) {
		switch {
		case strings.HasPrefix(line, "$ "):
			b.WriteString(line)
			b.WriteString(runStep(t, world, words(strings.TrimSpace(line[2:]))))
		case strings.HasPrefix(line, "#"), line == "\n":
			b.WriteString(line)
		}
	}
	// A command's empty lines can't be told from the script's own: keep no more than one.
	text := b.String()
	for strings.Contains(text, "\n\n\n") {
		text = strings.ReplaceAll(text, "\n\n\n", "\n\n")
	}
	return text
}

// runStep runs one command and returns what it printed, in the form of a transcript.
func runStep(t *testing.T, world *fakeWorld, line []string) string {
	var out, errOut bytes.Buffer
	e, _ := testEnv(world, &out, &errOut)
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	e.interrupts = func(context.Context) (context.Context, context.CancelFunc) {
		return ctx, func() {}
	}
	world.interrupt, world.dies, world.stops = nil, false, false
	env := map[string]string{}
	for line[0] != "gkhi" {
		name, value, _ := strings.Cut(line[0], "=")
		switch name {
		case "^C":
			world.interrupt = cancel
		case "DIES":
			world.dies = true
		case "STOPS":
			world.stops = true
		case "TTY":
			var columns, rows int
			if _, err := fmt.Sscanf(value, "%dx%d", &columns, &rows); err != nil {
				t.Fatal(err)
			}
			e.terminal = func() (int, int, bool) { return columns, rows, true }
		default:
			env[name] = value
		}
		line = line[1:]
	}
	e.getenv = func(name string) string { return env[name] }
	code := e.run(line[1:])
	var b strings.Builder
	for l := range strings.Lines(out.String()) {
		if l == "\n" { // else it would end the command's output for the next run
			l = ".\n"
		}
		b.WriteString(strings.TrimSuffix(l, "\n") + "\n")
	}
	for l := range strings.Lines(errOut.String()) {
		b.WriteString("! " + l)
	}
	if code != 0 {
		fmt.Fprintf(&b, "? %d\n", code)
	}
	return strings.ReplaceAll(b.String(), "\x1b", "␛") + "\n"
}

// words splits a command line as a shell does, as far as the scripts need it.
func words(line string) []string {
	var words []string
	for line = strings.TrimSpace(line); line != ""; line = strings.TrimLeft(line, " ") {
		var word strings.Builder
		for line != "" && line[0] != ' ' {
			end := strings.IndexAny(line, " '")
			switch {
			case line[0] == '\'':
				text, rest, _ := strings.Cut(line[1:], "'")
				word.WriteString(text)
				line = rest
			case end < 0:
				word.WriteString(line)
				line = ""
			default:
				word.WriteString(line[:end])
				line = line[end:]
			}
		}
		words = append(words, word.String())
	}
	return words
}

// testEnv returns a made-up world. Its clock starts at began and goes on by a second whenever it is asked.
func testEnv(world *fakeWorld, out, errOut io.Writer) (*env, *fakeWorld) {
	clock := began.Add(-time.Second)
	return &env{
		in:     strings.NewReader(""),
		out:    &stickyWriter{w: out},
		err:    errOut,
		getenv: func(string) string { return "" },
		now: func() time.Time {
			clock = clock.Add(time.Second)
			return clock
		},
		zone:        time.UTC,
		terminal:    func() (int, int, bool) { return 0, 0, false },
		errTerminal: func() (int, int, bool) { return 0, 0, false },
		interrupts: func(ctx context.Context) (context.Context, context.CancelFunc) {
			return context.WithCancel(ctx)
		},
		open:    openFake,
		build:   versionInfo{Version: "v0.2.0", GoVersion: "go1.26.8", Platform: "linux/amd64", Proto: 1, MinProto: 1},
		procs:   world,
		machine: fakeMachine,
		process: fakeAround,
	}, world
}

func TestWords(t *testing.T) {
	for line, want := range map[string][]string{
		"gkhi ls":             {"gkhi", "ls"},
		"  gkhi  'a b'  c'd'": {"gkhi", "a b", "cd"},
		"gkhi ''":             {"gkhi", ""},
	} {
		if got := words(line); strings.Join(got, "|") != strings.Join(want, "|") {
			t.Errorf("words(%q) = %q, want %q", line, got, want)
		}
	}
}

// A full disk is a failure, whatever the command.
func TestWriteErrors(t *testing.T) {
	for _, args := range [][]string{
		{"ls"}, {"ls", "kvd"}, {"ls", "kvd", "--json"}, {"ls", "kvd", "-v"}, {"version"}, {"doctor"}, {"doctor", "--json"}, {"help"},
		{"trace", "kvd", "kvd.*", "-n", "1"}, {"trace", "kvd", "kvd.*", "-n", "1", "--json"}, {"stat", "kvd", "kvd.*", "-d", "1ms"},
		{"stat", "kvd", "kvd.*", "-d", "1ms", "--json"}, {"arm", "kvd", "kvd.*"}, {"fail", "kvd", "kvd.commit-error", "pause"}, {"fail", "kvd"},
		{"fail", "kvd", "--json"}, {"fail", "kvd", "--release"}, {"completion", "bash"},
	} {
		var errOut bytes.Buffer
		e, _ := testEnv(newWorld(), fullDisk{}, &errOut)
		if code := e.run(args); code != exitFailure || !strings.Contains(errOut.String(), errDisk.Error()) {
			t.Errorf("%q on a full disk: exit code %d, %q", args, code, errOut.String())
		}
	}
}

type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, errDisk }

// A signal while a command works on what it was asked is told from its success.
func TestSignals(t *testing.T) {
	for _, tt := range []struct {
		sig  signalError
		code int
		text string
	}{
		{signalError{2}, 130, "gkhi: ls: interrupted\n"},
		{signalError{15}, 143, "gkhi: ls: ended by a signal: terminated\n"},
	} {
		var out, errOut bytes.Buffer
		e, _ := testEnv(newWorld(), &out, &errOut)
		e.interrupts = func(ctx context.Context) (context.Context, context.CancelFunc) {
			ctx, cancel := context.WithCancelCause(ctx)
			cancel(tt.sig)
			return ctx, func() {}
		}
		if code := e.run([]string{"ls", "kvd"}); code != tt.code || errOut.String() != tt.text {
			t.Errorf("%v: exit code %d, %q; want %d, %q", tt.sig, code, errOut.String(), tt.code, tt.text)
		}
	}
}

func TestListError(t *testing.T) {
	var out, errOut bytes.Buffer
	e, w := testEnv(newWorld(), &out, &errOut)
	w.err = errors.New("socket directory /tmp/gkhi-7 has mode 0777")
	if code := e.run([]string{"ls"}); code != exitOK || !strings.Contains(errOut.String(), "mode 0777") || !strings.Contains(out.String(), "4242") {
		t.Errorf("exit code %d, %q, %q; want the list, and a note", code, out.String(), errOut.String())
	}
	w.procs = nil
	if code := e.run([]string{"ls"}); code != exitFailure {
		t.Errorf("exit code %d without any process to list", code)
	}
	w.err = nil
	errOut.Reset()
	if code := e.run([]string{"ls"}); code != exitOK || !strings.Contains(errOut.String(), "no hooked process") {
		t.Errorf("exit code %d, %q with nothing to list", code, errOut.String())
	}
}
