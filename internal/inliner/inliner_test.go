package inliner

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gkhi/gkhi/internal/testenv"
)

func TestMain(m *testing.M) { testenv.Main(m) }

const log = `/src/p/a.go:10:6: can inline small with cost 12 as: func() int { return 1 }
/src/p/a.go:20:6: cannot inline (*T).large: function too complex: cost 85 exceeds budget 80
/src/p/a.go:21:9: can inline (*T).large.func1 with cost 136 as: func() { x() }
/src/p/a.go:30:6: cannot inline deferring: unhandled op DEFER
/src/p/a.go:31:8: can inline deferring.func1 with cost 90 as: func() { y() }
/src/p/y.y:7: can inline generated with cost 3 as: func() { }
/src/p/a.go:22:3: inlining call to (*T).large.func1
/src/p/a.go:40:6: cannot inline gen[go.shape.int]: recursive
/src/p/a.go:40:6: can inline gen[int] with cost 61 as: func() { loop }
/src/p/a.go:12:9: devirtualizing x.M to *T
/src/p/a.go:10:12: x does not escape
/src/p/a.go:50:6: can inline late with cost 4 as: func() { }
`

func TestRead(t *testing.T) {
	v, err := Read(strings.NewReader(log))
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		file      string
		line, col int
		want      Verdict
		known     bool
	}{
		{"./a.go", 10, 6, Verdict{Cost: 12, CanInline: true}, true},
		{"a.go", 20, 6, Verdict{Cost: 85}, true},
		{"a.go", 21, 9, Verdict{Cost: 136, CanInline: true, Inlined: true}, true},
		{"a.go", 30, 6, Verdict{}, true},
		{"a.go", 31, 8, Verdict{Cost: 90, CanInline: true}, true},
		{"y.y", 7, 3, Verdict{Cost: 3, CanInline: true}, true},
		{"a.go", 40, 6, Verdict{}, true}, // not its wrapper's
		{"a.go", 11, 6, Verdict{}, false},
		{"b.go", 10, 6, Verdict{}, false},
		{"a.go", 50, 6, Verdict{}, false}, // behind the end of inlining
	} {
		if got, known := v.At(row.file, row.line, row.col); got != row.want || known != row.known {
			t.Errorf("%s:%d:%d: %+v, %v; want %+v, %v", row.file, row.line, row.col, got, known, row.want, row.known)
		}
	}
}

// A line that is longer than the buffer is one line.
func TestLong(t *testing.T) {
	long := "a.go:1:6: can inline f with cost 79 as: " + strings.Repeat("a.go:2:6: can inline g with cost 1 as: ", 9000) + "\n"
	v, err := Read(strings.NewReader(long + "a.go:3:6: can inline h with cost 2 as: x\n"))
	if err != nil {
		t.Fatal(err)
	}
	if _, known := v.At("a.go", 3, 6); v.Len() != 2 || !known {
		t.Errorf("%d functions are known, the one behind the long line: %v", v.Len(), known)
	}
}

// TestCompiler asks the compiler at hand about this package.
func TestCompiler(t *testing.T) {
	testenv.Need(t, testenv.GoCommand, testenv.Native)
	cmd := testenv.Command(t, "go", "build", "-gcflags=-m=2", ".")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	v, err := Read(bytes.NewReader(out))
	if err != nil {
		t.Fatal(err)
	}
	src, err := os.ReadFile("inliner.go")
	if err != nil {
		t.Fatal(err)
	}
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, "inliner.go", src, 0)
	if err != nil {
		t.Fatal(err)
	}
	inlined := map[string]bool{"Len": true, "Read": false, "line": false}
	for _, d := range file.Decls {
		d, ok := d.(*ast.FuncDecl)
		if !ok {
			continue
		}
		pos := d.Name.Pos()
		if d.Recv != nil {
			pos = d.Recv.Opening
		}
		p := fset.Position(pos)
		got, known := v.At(filepath.Base(p.Filename), p.Line, p.Column)
		if !known || got.Cost == 0 {
			t.Errorf("%s: %+v, %v", d.Name.Name, got, known)
		}
		if want, ok := inlined[d.Name.Name]; ok && got.CanInline != want {
			t.Errorf("%s: can be inlined: %v", d.Name.Name, got.CanInline)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add(log)
	f.Add("a.go:1:6: can inline  with cost  as:\n:1:1: cannot inline x: cost \n")
	f.Fuzz(func(t *testing.T, s string) {
		v, err := Read(strings.NewReader(s))
		if err != nil {
			t.Fatal(err)
		}
		if v.Len() > strings.Count(s, "inline ") {
			t.Errorf("%d verdicts", v.Len())
		}
	})
}
