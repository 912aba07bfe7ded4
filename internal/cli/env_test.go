package cli

import (
	"bytes"
	"errors"
	"io"
	"math"
	"os"
	"strings"
	"testing"
)

func TestTerminalSize(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	for name, out := range map[string]io.Writer{"a buffer": &bytes.Buffer{}, "a pipe": w} {
		if columns, rows, ok := terminalSize(out); ok {
			t.Errorf("%s is a terminal of %d columns and %d rows", name, columns, rows)
		}
	}
}

func TestJSONLine(t *testing.T) {
	line, err := jsonLine(map[string]string{"func": "a<b> & (*T).F", "evil": "\u009b\x1b"})
	if want := `{"evil":"\u009b\u001b","func":"a<b> & (*T).F"}` + "\n"; err != nil || string(line) != want {
		t.Errorf("%q, %v; want %q", line, err, want)
	}
	if _, err := jsonLine(math.Inf(1)); err == nil {
		t.Error("what JSON has no form for is no error")
	}
}

func TestStickyWriter(t *testing.T) {
	w := &stickyWriter{w: fullDisk{}}
	if _, err := w.Write([]byte("x")); !errors.Is(err, errDisk) {
		t.Errorf("%v, want the writer's error", err)
	}
	w.w = &bytes.Buffer{}
	if n, err := w.Write([]byte("x")); n != 0 || !errors.Is(err, errDisk) {
		t.Errorf("after an error, %d bytes were written: %v", n, err)
	}
}

// Run is what main calls; the rest of the tests go around its first line.
func TestRun(t *testing.T) {
	var out, errOut bytes.Buffer
	if code := Run([]string{"version"}, strings.NewReader(""), &out, &errOut); code != exitOK || !strings.HasPrefix(out.String(), "gkhi ") {
		t.Errorf("exit code %d, %q, %q", code, out.String(), errOut.String())
	}
	if code := Run([]string{"nonsense"}, strings.NewReader(""), &out, &errOut); code != exitUsage {
		t.Errorf("exit code %d for nonsense", code)
	}
}
