package main

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// rows are streams of go test -json, with the report and the counts that are
// expected of each. Time stamps and "start" events are left out.
var rows = []struct {
	name   string
	in     string
	report string
	counts Counts
}{
	{
		name: "leaves count, their parents don't",
		in: `
{"Action":"run","Package":"m/p","Test":"TestA"}
{"Action":"output","Package":"m/p","Test":"TestA","Output":"=== RUN   TestA\n"}
{"Action":"run","Package":"m/p","Test":"TestA/x"}
{"Action":"run","Package":"m/p","Test":"TestA/y"}
{"Action":"pass","Package":"m/p","Test":"TestA/x"}
{"Action":"pass","Package":"m/p","Test":"TestA/y"}
{"Action":"pass","Package":"m/p","Test":"TestA"}
{"Action":"pass","Package":"m/p","Test":"TestAB"}
{"Action":"output","Package":"m/p","Output":"PASS\n"}
{"Action":"pass","Package":"m/p","Elapsed":1.25}
{"Action":"skip","Package":"m/none","Elapsed":0}
`,
		report: `ok      1.25s  m/p  3 passed
-       0.00s  m/none  no tests
`,
		counts: Counts{Passed: 3},
	},
	{
		name: "a parent that fails by itself counts",
		in: `
{"Action":"run","Package":"p","Test":"TestA"}
{"Action":"pass","Package":"p","Test":"TestA/x"}
{"Action":"output","Package":"p","Test":"TestA","Output":"    a_test.go:9: afterwards\n"}
{"Action":"output","Package":"p","Test":"TestA","Output":"--- FAIL: TestA (0.00s)\n"}
{"Action":"fail","Package":"p","Test":"TestA"}
{"Action":"fail","Package":"p","Test":"TestB"}
{"Action":"fail","Package":"p","Test":"TestB/z"}
{"Action":"fail","Package":"p","Elapsed":0.5}
`,
		report: `--- FAIL: p.TestA
    a_test.go:9: afterwards
--- FAIL: p.TestB/z
FAIL    0.50s  p  1 passed, 2 failed
`,
		counts: Counts{Passed: 1, Failed: 2, Failures: []string{"p.TestA", "p.TestB/z"}},
	},
	{
		name: "skips give the reason, of one line or more",
		in: `
{"Action":"output","Package":"p","Test":"TestA","Output":"    a_test.go:3: a log line\n"}
{"Action":"output","Package":"p","Test":"TestA","Output":"    a_test.go:4: needs root,\n"}
{"Action":"output","Package":"p","Test":"TestA","Output":"        and this is not\n"}
{"Action":"output","Package":"p","Test":"TestA","Output":"--- SKIP: TestA (0.00s)\n"}
{"Action":"skip","Package":"p","Test":"TestA"}
{"Action":"skip","Package":"p","Test":"TestB"}
{"Action":"pass","Package":"p","Elapsed":0}
`,
		report: "ok      0.00s  p  2 skipped\n",
		counts: Counts{Skipped: 2, Skips: map[string]int{"needs root, and this is not": 1, "no reason given": 1}},
	},
	{
		name: "a build failure is a failure",
		in: `
{"ImportPath":"p [p.test]","Action":"build-output","Output":"# p [p.test]\n"}
{"ImportPath":"p [p.test]","Action":"build-output","Output":"./p.go:3: undefined: x\n"}
{"ImportPath":"p [p.test]","Action":"build-fail"}
{"Action":"output","Package":"p","Output":"FAIL\tp [build failed]\n"}
{"Action":"fail","Package":"p","Elapsed":0,"FailedBuild":"p [p.test]"}
`,
		report: `# p [p.test]
./p.go:3: undefined: x
FAIL	p [build failed]
FAIL    0.00s  p  1 failed
`,
		counts: Counts{Failed: 1, Failures: []string{"p"}},
	},
	{
		name: "an exit in the middle fails what was running",
		in: `
{"Action":"run","Package":"p","Test":"TestA"}
{"Action":"pass","Package":"p","Test":"TestA"}
{"Action":"run","Package":"p","Test":"TestB"}
{"Action":"output","Package":"p","Test":"TestB","Output":"on the way out\n"}
{"Action":"output","Package":"p","Output":"FAIL\tp\t0.1s\n"}
{"Action":"fail","Package":"p","Elapsed":0.1}
`,
		report: `--- FAIL: p.TestB
on the way out
    didn't finish
FAIL	p	0.1s
FAIL    0.10s  p  1 passed, 1 failed
`,
		counts: Counts{Passed: 1, Failed: 1, Failures: []string{"p.TestB"}},
	},
	{
		name: "a failing package whose tests pass is a failure",
		in: `
{"Action":"pass","Package":"p","Test":"TestA"}
{"Action":"output","Package":"p","Output":"goroutines are left\n"}
{"Action":"fail","Package":"p","Elapsed":0}
`,
		report: "goroutines are left\nFAIL    0.00s  p  1 passed, 1 failed\n",
		counts: Counts{Passed: 1, Failed: 1, Failures: []string{"p"}},
	},
	{
		name: "a stream that ends early is a failure",
		in: `
go: downloading example.com/x v1.0.0
{"Action":"start","Package":"p"}
{"Action":"run","Package":"p","Test":"BenchmarkA"}
`,
		report: "go: downloading example.com/x v1.0.0\nFAIL    0.00s  p  1 failed, 1 benchmarks\n",
		counts: Counts{Failed: 1, Failures: []string{"p"}},
	},
	{
		name: "benchmarks count when they fail",
		in: `
{"Action":"run","Package":"p","Test":"BenchmarkA"}
{"Action":"output","Package":"p","Test":"BenchmarkA","Output":"BenchmarkA-2   \t       1\t       301.0 ns/op\n"}
{"Action":"run","Package":"p","Test":"BenchmarkB"}
{"Action":"output","Package":"p","Test":"BenchmarkB","Output":"    b_test.go:5: odd\n"}
{"Action":"fail","Package":"p","Test":"BenchmarkB"}
{"Action":"fail","Package":"p","Elapsed":0}
`,
		report: "--- FAIL: p.BenchmarkB\n    b_test.go:5: odd\nFAIL    0.00s  p  1 failed, 2 benchmarks\n",
		counts: Counts{Failed: 1, Failures: []string{"p.BenchmarkB"}},
	},
}

func TestSummarize(t *testing.T) {
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			var report strings.Builder
			counts, err := summarize(strings.NewReader(strings.TrimPrefix(row.in, "\n")), &report)
			if err != nil {
				t.Fatal(err)
			}
			if report.String() != row.report {
				t.Errorf("report:\n%s\nwant:\n%s", report.String(), row.report)
			}
			if !reflect.DeepEqual(counts, row.counts) {
				t.Errorf("counts %+v, want %+v", counts, row.counts)
			}
		})
	}
}

// TestTotal runs the command as CI does: runs that are stored, then added up.
func TestTotal(t *testing.T) {
	dir := t.TempDir()
	store := func(name, in string, want int) string {
		t.Helper()
		file := filepath.Join(dir, name+".json")
		var stderr bytes.Buffer
		if got := run([]string{"-o", file}, strings.NewReader(in), &bytes.Buffer{}, &stderr); got != want {
			t.Fatalf("testsum -o %s: exit status %d, want %d\n%s", name, got, want, stderr.String())
		}
		return file
	}
	skip := `{"Action":"output","Package":"p","Test":"TestS","Output":"    a_test.go:4: needs gdb\n"}
{"Action":"skip","Package":"p","Test":"TestS"}
`
	pass := `{"Action":"pass","Package":"p","Test":"TestA"}
{"Action":"pass","Package":"p"}
`
	fail := `{"Action":"fail","Package":"p","Test":"TestF"}
{"Action":"fail","Package":"p"}
`
	unit := store("unit", skip+pass, 0)
	race := store("race", skip+pass, 0)
	bad := store("bad", fail, 1)

	tests := []struct {
		files  []string
		status int
		want   string
	}{
		{nil, 0, "skips: 0\n0 passed, 0 failed, 0 skipped\n"},
		{[]string{unit, race}, 0, "skips: 2\n  2 × needs gdb (in unit, race)\n2 passed, 0 failed, 2 skipped\n"},
		{[]string{unit, bad}, 1, "failures: 1\n  bad: p.TestF\nskips: 1\n  1 × needs gdb (in unit)\n1 passed, 1 failed, 1 skipped\n"},
	}
	for _, tt := range tests {
		var stdout, stderr bytes.Buffer
		status := run(append([]string{"-total"}, tt.files...), nil, &stdout, &stderr)
		if status != tt.status || stdout.String() != tt.want || stderr.Len() > 0 {
			t.Errorf("-total %q: status %d\n%s%s\nwant status %d\n%s",
				tt.files, status, stdout.String(), stderr.String(), tt.status, tt.want)
		}
	}
}

func TestMisuse(t *testing.T) {
	junk := filepath.Join(t.TempDir(), "junk.json")
	if err := os.WriteFile(junk, []byte("ok p 0.1s"), 0o666); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		args []string
		want string
	}{
		{[]string{"-total", junk}, "not a file that testsum wrote"},
		{[]string{"-total", junk + "x"}, "junk.jsonx"},
		{[]string{"x.json"}, `unexpected argument "x.json"`},
		{[]string{"-nope"}, "-nope"},
	}
	for _, tt := range tests {
		var stderr bytes.Buffer
		if status := run(tt.args, strings.NewReader(""), &bytes.Buffer{}, &stderr); status != 2 {
			t.Errorf("%q: status %d, want 2", tt.args, status)
		}
		if !strings.Contains(stderr.String(), tt.want) {
			t.Errorf("%q: %q doesn't contain %q", tt.args, stderr.String(), tt.want)
		}
	}
}

// TestReportError shows that a full disk isn't taken for a passing run.
func TestReportError(t *testing.T) {
	_, err := summarize(strings.NewReader(rows[0].in), failingWriter{})
	if !errors.Is(err, os.ErrClosed) {
		t.Errorf("summarize into a closed writer: %v, want os.ErrClosed", err)
	}
}

type failingWriter struct{}

func (failingWriter) Write([]byte) (int, error) { return 0, os.ErrClosed }
