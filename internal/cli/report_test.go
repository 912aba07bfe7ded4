package cli

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gkhi/gkhi/internal/event"
	"github.com/gkhi/gkhi/internal/event/eventtext"
	"github.com/gkhi/gkhi/internal/report/reporttest"
)

// fakeRecordings are the files that commands can open in tests.
var fakeRecordings = map[string]func() []byte{
	"gkhi.rec":  func() []byte { return reporttest.Make(reporttest.Options{Events: 4000, Hits: true}) },
	"small.rec": small, "stacks.rec": stacks,
	"lossy.rec": func() []byte {
		return reporttest.Make(reporttest.Options{Events: 9000, Seed: 2, Lost: 0.002, Panics: 0.01, Values: true})
	},
	"slow.rec": func() []byte { return reporttest.Make(reporttest.Options{Events: 4000, Seed: 3, Slower: 4}) },
	"long.rec": func() []byte { return reporttest.Make(reporttest.Options{Events: 9000, Seed: 3}) },
	"cut.rec": func() []byte {
		b := reporttest.Make(reporttest.Options{Events: 200_000, Values: true})
		return b[:len(b)-len(b)/3]
	},
	"damaged.rec": func() []byte {
		b := reporttest.Make(reporttest.Options{Events: 200_000, Values: true})
		b[len(b)/2] ^= 1
		return b
	},
	"short.rec": func() []byte { // it ends before a second reading of the clocks
		b := reporttest.Make(reporttest.Options{Events: 30_000, Threads: 1})
		return b[:len(b)/2]
	},
	"evil.rec": func() []byte {
		e := event.NewEncoder(event.Meta{Program: "/x/e\x1bvil", PID: 1, Host: "h\u202e", Values: true})
		e.Funcs([]event.Func{{Name: "f\x1b[2J\n", Params: []event.Param{{Name: "p\x1b", Type: "t\x1b", Kind: event.Int64}}}})
		e.Sites([]event.Site{{Words: []event.Word{{}}}, {Return: true}})
		e.Hooks([]string{"h\x1b"})
		e.Watermark(event.Watermark{Clock: event.Clock{Wall: began.UnixNano()}})
		e.Event(&event.Event{Ticks: 1000, G: 1, Words: []uint64{7}, Stack: -1})
		e.Hit(&event.Hit{Ticks: 1200, G: 1, Fields: []byte("{\"a\x1b\":\"\\u001b[31m\"}")})
		e.Event(&event.Event{Ticks: 2000, G: 1, Site: 1, Stack: -1})
		e.Watermark(event.Watermark{Until: 9000, Clock: event.Clock{Ticks: 9000, Mono: 9000, Wall: began.UnixNano() + 9000}})
		return finished(e)
	},
	"none.rec": func() []byte { // it was cut off at once
		return event.NewEncoder(event.Meta{Program: "/usr/bin/mail", PID: 77, Started: began.UnixNano()}).Take()
	},
	"later.rec": func() []byte { return append([]byte("GKHIrec9"), make([]byte, 100)...) },
	"no.rec":    func() []byte { return []byte("#!/bin/sh\n") },
}

// stacks is a server whose connections are no recorded functions: only stacks tell of them. One stack is cut off.
func stacks() []byte {
	return parsed(`
meta {"program":"/usr/bin/mail","pid":77,"arch":"amd64","go":"go1.26.8","stacks":true}
func "example.com/mail/v2/queue.(*Queue).Put" "example.com/mail/v2/queue" "/src/queue.go" 10 () ()
func "example.com/mail/v2/queue.flush" "example.com/mail/v2/queue" "/src/queue.go" 30 () ()
func "example.com/old/queue.flush" "example.com/old/queue" "/src/old.go" 30 () ()
func "main.run" "main" "/src/main.go" 5 () ()
site 0 entry 10
site 0 return 19
site 1 entry 30
site 1 return 39
site 2 entry 30
site 2 return 39
site 3 entry 5
site 3 return 9
frame 0x1000 "net/http.HandlerFunc.ServeHTTP" "/go/server.go" 22
frame 0x1000 "net/http.serverHandler.ServeHTTP" "/go/server.go" 33
frame 0x1100 "net/http.(*conn).serve" "/go/server.go" 20
frame 0x1200 "net/http.(*Server).Serve.gowrap3" "/go/server.go" 34
frame 0x1300 "runtime.goexit" "/go/asm.s" 17
frame 0x1400 "main.run" "/src/main.go" 6
frame 0x1500 "main.main" "/src/main.go" 2
frame 0x1600 "runtime.main" "/go/proc.go" 2
stack 0x1000 0x1100 0x1200 0x1300
stack 0x1400 0x1500 0x1600 0x1300
stack 0x1000 0x1100
stack 0x1500 0x1600 0x1300
watermark 0 ticks 0 mono 0 wall 1767366245000000000 lost 0
event 1000 thread 1 g 7 site 0 sp 200 bp 184 stack 0
event 2000 thread 1 g 7 site 2 sp 300 bp 284 stack 0
event 3000000 thread 1 g 7 site 3 sp 300 bp 284
event 3001000 thread 1 g 7 site 1 sp 200 bp 184
event 3002000 thread 1 g 8 site 0 sp 200 bp 184 stack 0
event 3003000 thread 1 g 8 site 1 sp 200 bp 184
event 3004000 thread 1 g 9 site 2 sp 200 bp 184 stack 2
event 3005000 thread 1 g 9 site 3 sp 200 bp 184
event 3006000 thread 1 g 1 site 4 sp 200 bp 184 stack 1
event 3007000 thread 1 g 1 site 5 sp 200 bp 184
event 3008000 thread 1 g 1 site 6 sp 100 bp 84 stack 3
event 4000000 thread 1 g 7 site 2 sp 200 bp 184 stack 0
watermark 8000000 ticks 8000000 mono 8000000 wall 1767366245008000000 lost 0
`)
}

// small is a few calls, written down as text.
func small() []byte {
	return parsed(`
meta {"program":"/usr/bin/mail","pid":77,"arch":"amd64","go":"go1.26.8","values":true}
func "mail.deliver" "mail" "/src/mail.go" 10 ("n" "int" 5) ("err" "error" 13)
func "mail.send" "mail" "/src/mail.go" 30 () ()
site 0 entry 10 words 0.0
site 0 return 19 words 0.0
site 1 entry 30
site 1 return 39
hook "mail.sent"
watermark 0 ticks 0 mono 0 wall 1767366245000000000 lost 0
event 1000 thread 1 g 7 site 0 sp 200 bp 184 words 5
event 2000 thread 1 g 7 site 2 sp 300 bp 284
event 5000000 thread 2 g 7 site 3 sp 300 bp 284
hit 5000500 g 7 hook 0 {"To":"ann@example.com","Took":4998000}
event 5001000 thread 2 g 7 site 1 sp 200 bp 184 words 0
event 6000000 thread 2 g 9 site 0 sp 200 bp 184 words 0xffffffffffffffff
event 6001000 thread 2 g 9 site 1 sp 200 bp 184 words 0x5f0000
event 7000000 thread 1 g 7 site 2 sp 200 bp 184 gap
watermark 8000000 ticks 8000000 mono 8000000 wall 1767366245008000000 lost 3
`)
}

func parsed(text string) []byte {
	b, err := eventtext.Parse(strings.NewReader(text[1:]))
	if err != nil {
		panic(err)
	}
	return b
}

func finished(e *event.Encoder) []byte {
	var b bytes.Buffer
	w := event.NewWriter(&b)
	w.Write(e.Take()) //nolint:errcheck // to memory
	if err := w.Close(); err != nil {
		panic(err)
	}
	return b.Bytes()
}

type fakeFile struct{ *bytes.Reader }

func (fakeFile) Close() error { return nil }

func openFake(name string) (io.ReadCloser, int64, error) {
	file, ok := fakeRecordings[name]
	if !ok {
		return nil, 0, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	b := file()
	return fakeFile{bytes.NewReader(b)}, int64(len(b)), nil
}

// TestReportFormats writes every format to a file, and to standard output, and compares.
func TestReportFormats(t *testing.T) {
	for _, format := range formatOrder {
		file := filepath.Join(t.TempDir(), "out")
		var out, errOut bytes.Buffer
		e, _ := testEnv(newWorld(), &out, &errOut)
		if code := e.run([]string{"report", "small.rec", "--format", format}); code != exitOK || out.Len() == 0 {
			t.Errorf("%s: exit code %d, %q, %d bytes", format, code, errOut.String(), out.Len())
		}
		e, _ = testEnv(newWorld(), io.Discard, &errOut)
		if code := e.run([]string{"report", "small.rec", "--format", format, "-o", file}); code != exitOK {
			t.Errorf("%s: exit code %d, %q", format, code, errOut.String())
		}
		got, err := os.ReadFile(file)
		if err != nil || !bytes.Equal(got, out.Bytes()) {
			t.Errorf("%s: %v, or the file differs from standard output", format, err)
		}
		if !strings.Contains(reportLong+formatList(), format) {
			t.Errorf("the help does not tell of %s", format)
		}
	}
	if len(formatOrder) != len(reportFormats) {
		t.Errorf("%d formats are in order, of %d", len(formatOrder), len(reportFormats))
	}
}

func TestReportFullDisk(t *testing.T) {
	for _, format := range formatOrder {
		var errOut bytes.Buffer
		e, _ := testEnv(newWorld(), fullDisk{}, &errOut)
		if code := e.run([]string{"report", "small.rec", "--format", format}); code != exitFailure || !strings.Contains(errOut.String(), errDisk.Error()) {
			t.Errorf("%s on a full disk: exit code %d, %q", format, code, errOut.String())
		}
	}
	for _, args := range [][]string{{"--timeline"}, {"--timeline", "--json"}, {"--calls"}, {"--goroutines"}} {
		var errOut bytes.Buffer
		e, _ := testEnv(newWorld(), fullDisk{}, &errOut)
		if code := e.run(append([]string{"report", "small.rec"}, args...)); code != exitFailure {
			t.Errorf("%q on a full disk: exit code %d, %q", args, code, errOut.String())
		}
	}
	var errOut bytes.Buffer
	e, _ := testEnv(newWorld(), io.Discard, &errOut)
	name := filepath.Join(t.TempDir(), "no", "folder")
	if code := e.run([]string{"report", "small.rec", "-o", name}); code != exitFailure || !strings.Contains(errOut.String(), name) {
		t.Errorf("exit code %d, %q", code, errOut.String())
	}
}

// TestReportToOpen writes what a browser opens beside the recording, on a terminal, and prints where.
func TestReportToOpen(t *testing.T) {
	t.Chdir(t.TempDir())
	for format, want := range map[string]string{"html": "</html>", "svg": "</svg>"} {
		var out, errOut bytes.Buffer
		e, _ := testEnv(newWorld(), &out, &errOut)
		e.terminal = func() (int, int, bool) { return 80, 24, true }
		name := "small.rec." + format
		if code := e.run([]string{"report", "small.rec", "--format", format}); code != exitOK || out.String() != name+"\n" {
			t.Errorf("exit code %d, %q, %q", code, out.String(), errOut.String())
		}
		if b, err := os.ReadFile(name); err != nil || !strings.HasSuffix(strings.TrimSpace(string(b)), want) || !strings.Contains(string(b), "mail.deliver") {
			t.Errorf("%s: %v, %d bytes", name, err, len(b))
		}
		if !strings.Contains(errOut.String(), "3 events were lost") {
			t.Errorf("%q", errOut.String())
		}
	}
}

// TestProgress reads a large file on a terminal: a bar shows, grows, and is gone at the end.
func TestProgress(t *testing.T) {
	var errOut bytes.Buffer
	e, _ := testEnv(newWorld(), io.Discard, &errOut)
	e.errTerminal = func() (int, int, bool) { return 80, 24, true }
	const size = 10 << 20
	r := e.progress(t.Context(), bytes.NewReader(make([]byte, size)), "a.rec", size, true)
	if n, err := io.CopyBuffer(struct{ io.Writer }{io.Discard}, r, make([]byte, 1<<20)); n != size || err != nil {
		t.Fatal(n, err)
	}
	text := errOut.String()
	for _, want := range []string{"a.rec", "10 %", "50 %", "90 %", "5s left", "█", "░"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in %q", want, text)
		}
	}
	if !strings.HasSuffix(text, "\x1b[1A\x1b[J") {
		t.Errorf("the bar is still there: %q", text[max(len(text)-40, 0):])
	}
	errOut.Reset()
	for _, quiet := range []struct {
		bar  bool
		size int64
	}{{false, size}, {true, -1}} {
		if _, err := io.Copy(io.Discard, e.progress(t.Context(), bytes.NewReader(make([]byte, size)), "a.rec", quiet.size, quiet.bar)); err != nil || errOut.Len() > 0 {
			t.Errorf("%+v: %v, %q", quiet, err, errOut.String())
		}
	}
	e.now = func() time.Time { return began } // it is done within a second
	if _, err := io.Copy(io.Discard, e.progress(t.Context(), bytes.NewReader(make([]byte, size)), "a.rec", size, true)); err != nil || errOut.Len() > 0 {
		t.Errorf("%v, %q", err, errOut.String())
	}
}

// TestReportOwnDump makes a recording of a dump, and dumps that.
func TestReportOwnDump(t *testing.T) {
	dump := func(name string) string {
		var out, errOut bytes.Buffer
		e, _ := testEnv(newWorld(), &out, &errOut)
		if code := e.run([]string{"report", name, "--format", "dump"}); code != exitOK {
			t.Fatalf("exit code %d, %q", code, errOut.String())
		}
		return out.String()
	}
	text := dump("gkhi.rec")
	b, err := eventtext.Parse(strings.NewReader(text))
	if err != nil || !slices.Equal(b, fakeRecordings["gkhi.rec"]()) {
		t.Errorf("%v, %d bytes came back", err, len(b))
	}
}

func TestReportNothingThere(t *testing.T) {
	var errOut bytes.Buffer
	e, _ := testEnv(newWorld(), io.Discard, &errOut)
	e.open = func(name string) (io.ReadCloser, int64, error) { return openFake("none/" + name) }
	if code := e.run([]string{"report"}); code != exitFailure || !strings.Contains(errOut.String(), "there is no gkhi.rec here; gkhi record writes one") {
		t.Errorf("exit code %d, %q", code, errOut.String())
	}
}

// TestReportInterrupted ends reports with Ctrl-C.
func TestReportInterrupted(t *testing.T) {
	for _, args := range [][]string{{"report", "cut.rec"}, {"report", "cut.rec", "--format", "perfetto"}, {"diff", "cut.rec", "gkhi.rec"}} {
		var errOut bytes.Buffer
		e, _ := testEnv(newWorld(), io.Discard, &errOut)
		ctx, cancel := context.WithCancelCause(t.Context())
		e.interrupts = func(context.Context) (context.Context, context.CancelFunc) { return ctx, func() {} }
		reads := 0
		e.open = func(name string) (io.ReadCloser, int64, error) {
			file, size, err := openFake(name)
			return struct {
				io.Reader
				io.Closer
			}{readerFunc(func(p []byte) (int, error) {
				if reads++; reads == 2 {
					cancel(signalError{2})
				}
				return file.Read(p)
			}), file}, size, err
		}
		if code := e.run(args); code != 130 || !strings.Contains(errOut.String(), "interrupted") || reads > 3 {
			t.Errorf("%q: exit code %d after %d reads, %q", args, code, reads, errOut.String())
		}
		cancel(nil)
	}
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

func TestBaseName(t *testing.T) {
	for in, want := range map[string]string{"/usr/bin/kv": "kv", `C:\x\kv.exe`: "kv.exe", "kv": "kv", "": ""} {
		if got := baseName(in); got != want {
			t.Errorf("%q: %q", in, got)
		}
	}
	if got := fmt.Sprint(were(1, "event"), were(2, "event")); got != "1 event was2 events were" {
		t.Error(got)
	}
}
