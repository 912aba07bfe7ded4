package instrument

import (
	"go/parser"
	"go/token"
	"slices"
	"strings"
	"testing"
)

func TestPatterns(t *testing.T) {
	tests := []struct {
		patterns string
		chosen   string // of the functions below, by their first letters
	}{
		{"", "abcdef"},
		{"...", "abcdef"},
		{"net/http", "abc"},
		{"net/...", "abcd"},
		{"net", ""},
		{"net/http.*", "abc"},
		{"net/http.(*Server).Serve", "ab"},
		{"net/http.(*Server).Serve.func1", "b"},
		{"net/http -net/http.(*Server).*", "c"},
		{"-net/...", "ef"},
		{"-net/... net/http/pprof", "def"},
		{"example.com/y.v2", "e"},
		{"example.com/y.v2.F", "e"},
		{"example.com/*", "ef"},
		{"*.F", "e"},
		{"example.com/z.G[...]", "f"},
		{"example.com/z.G", "f"},
		{"net/http -net/http", ""},
	}
	functions := []struct{ path, outer, name string }{
		{"net/http", "net/http.(*Server).Serve", "net/http.(*Server).Serve"},
		{"net/http", "net/http.(*Server).Serve", "net/http.(*Server).Serve.func1"},
		{"net/http", "net/http.Get", "net/http.Get"},
		{"net/http/pprof", "net/http/pprof.Index", "net/http/pprof.Index"},
		{"example.com/y.v2", "example.com/y.v2.F", "example.com/y.v2.F"},
		{"example.com/z", "example.com/z.G[...]", "example.com/z.G[...]"},
	}
	for _, tt := range tests {
		p, err := ParsePatterns(strings.Fields(tt.patterns))
		if err != nil {
			t.Fatal(err)
		}
		chosen := ""
		for i, f := range functions {
			if p.Match(f.path, f.outer, f.name) {
				chosen += string(rune('a' + i))
				if !p.MayMatch(f.path) {
					t.Errorf("%q: MayMatch(%s) is false, but %s is chosen", tt.patterns, f.path, f.name)
				}
			}
		}
		if chosen != tt.chosen {
			t.Errorf("%q: %q, want %q", tt.patterns, chosen, tt.chosen)
		}
	}
	p, err := ParsePatterns([]string{"net/http", "-net/http.X"})
	if err != nil || p.MayMatch("fmt") {
		t.Error("fmt may match net/http", err)
	}
	p, err = ParsePatterns([]string{"example.com/x.(*T).*", "go*.F"})
	if err != nil || p.MayMatch("fmt") || p.MayMatch("example.com/y") || !p.MayMatch("example.com/x") || !p.MayMatch("golang.org/x") {
		t.Error("patterns of methods may match other packages, or not their own", err)
	}
	for _, bad := range []string{"./...", ".", "../x", "a[", "", "-", "-[z-a]"} {
		if _, err := ParsePatterns([]string{bad}); err == nil {
			t.Errorf("%q is no error", bad)
		}
	}
	if !(*Patterns)(nil).Match("a", "a.b", "a.b") || !(*Patterns)(nil).MayMatch("a") {
		t.Error("nil does not choose everything")
	}
}

// TestMissed looks at patterns that are about a package and choose no function of it.
func TestMissed(t *testing.T) {
	src := "package p\n\nfunc Large() { for { println(len(f()), f()) } }\n\nfunc f() string { return f() }\n\nfunc small() int { return 1 }\n\ntype T[K any] struct{}\n\nfunc (T[K]) M() { Large() }\n"
	for _, tt := range []struct {
		patterns string
		min      int
		want     []Missed
	}{
		{"x/p", 0, nil},
		{"x/p.Large x/p.T.M x/p.T[...].M *.nosuch x/q.F x/...", 0, nil},
		{"x/p.small", 0, nil},
		{"x/p.small x/p.Large", 81, []Missed{{"x/p.small", true}}},
		{"x/p.nosuch x/p.L*", 0, []Missed{{"x/p.nosuch", false}}},
		{"x/p.U.*", 0, []Missed{{"x/p.U.*", false}}},
	} {
		patterns, err := ParsePatterns(strings.Fields(tt.patterns))
		if err != nil {
			t.Fatal(err)
		}
		res, err := Rewrite(Package{Path: "x/p", Files: []File{{Name: "p.go", Src: []byte(src)}}}, Options{Patterns: patterns, Min: tt.min})
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(res.Missed, tt.want) {
			t.Errorf("%s: %v, want %v", tt.patterns, res.Missed, tt.want)
		}
	}
}

func TestStyle(t *testing.T) {
	pkg := Package{Path: "p", Files: []File{{Name: "a.go", Src: []byte("package p\nfunc f() {}\n")}}}
	res, err := Rewrite(pkg, Options{Style: Style{Hit: "gkhi_load(&$words[$i])"}})
	if err != nil {
		t.Fatal(err)
	}
	want := "package p\nfunc f() {gkhi_load(&gkhi_words[0]);;gkhi_load(&gkhi_words[1])}\n"
	if got := string(res.Files[0].Src); got != want {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	res, err = Rewrite(pkg, Options{Style: RuntimeAtomic})
	if err != nil {
		t.Fatal(err)
	}
	want = `package p;import gkhi_atomic "internal/runtime/atomic"` + "\nfunc f() {gkhi_atomic.Load64(&gkhi_words[0]);;gkhi_atomic.Load64(&gkhi_words[1])}\n"
	if got := string(res.Files[0].Src); got != want {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	for _, hit := range []string{"f()", "f($i", "f($i)\n", "f($i) // x", "f($i) /* x */", "x := f($i)"} {
		if _, err := Rewrite(pkg, Options{Style: Style{Hit: hit}}); err == nil {
			t.Errorf("style %q is no error", hit)
		}
	}
}

// TestWords checks what the generated file is, and when there is none.
func TestWords(t *testing.T) {
	file := func(src string) File { return File{Name: "f.go", Src: []byte(src)} }
	res, err := Rewrite(Package{Path: "main", ImportPath: "example.com/cmd", Files: []File{
		file("package main\nfunc main() {}\n"), file("package main\nvar x int\n"),
	}}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if len(res.Files) != 1 || len(res.Points) != 2 || res.Symbol != "main.gkhi_words" || res.Words.Name != "gkhi_words.go" {
		t.Errorf("%+v", res)
	}
	if _, err := parser.ParseFile(token.NewFileSet(), "", res.Words.Src, 0); err != nil ||
		!strings.Contains(string(res.Words.Src), "var gkhi_words [2]uint64\n") {
		t.Errorf("%v\n%s", err, res.Words.Src)
	}
	res, err = Rewrite(Package{Path: "p", Files: []File{file("package p\nfunc f()\n"), file("package p\n")}}, Options{})
	if err != nil || len(res.Files) > 0 || res.Words.Name != "" || res.Symbol != "" {
		t.Errorf("%+v %v", res, err)
	}
	if _, err = Rewrite(Package{Path: "p", Files: []File{file("package p\nfunc f( {}\n")}}, Options{}); err == nil {
		t.Error("no error")
	}
}

// TestVerdict lets the compiler's word count, where it is known.
func TestVerdict(t *testing.T) {
	src := `package p
func small() {}
func leaf() { for x > 0 { x-- } }
func loop() { for { g() } }
func tight() { for x > 0 { g() } }
func enters() { for x > 0 { other() } }
func other() { g(); g() }
func big() { g(); g() }
func leaf1() {}
func leaf2() {}
var lit = func() {}
`
	verdicts := map[string]Verdict{
		"p.small": {Cost: 4}, "p.leaf": {Cost: 20, Inlined: true}, "p.loop": {Cost: 70, Inlined: true},
		"p.tight":  {Cost: 70, Inlined: true}, // with two points it would not be
		"p.enters": {Cost: 70, Inlined: true},
		"p.big":    {Cost: 300, Inlined: true}, "p.init.func1": {Cost: 3},
		"p.leaf1": {Cost: leafMin - 1}, "p.leaf2": {Cost: leafMin},
	}
	var asked []Func
	res, err := Rewrite(Package{Path: "p", Files: []File{{Name: "a.go", Src: []byte(src)}}}, Options{
		Min: DefaultMin,
		Verdict: func(fn Func) (Verdict, bool) {
			asked = append(asked, fn)
			v, known := verdicts[fn.Name]
			return v, known
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, p := range res.Points {
		if p.Kind == Entry {
			got = append(got, p.Func)
		}
	}
	if want := []string{"p.loop", "p.enters", "p.other", "p.leaf2"}; !slices.Equal(got, want) {
		t.Errorf("chosen %v, want %v", got, want)
	}
	if want := (Func{Name: "p.small", File: "a.go", Line: 2, Col: 6}); asked[0] != want {
		t.Errorf("asked for %+v, want %+v", asked[0], want)
	}
	if want := (Func{Name: "p.init.func1", File: "a.go", Line: 11, Col: 11, Literal: true}); asked[len(asked)-1] != want {
		t.Errorf("asked for %+v last, want %+v", asked[len(asked)-1], want)
	}
}

// TestCgo leaves what cgo generates, not the user's files that it rewrites.
func TestCgo(t *testing.T) {
	res, err := Rewrite(Package{Path: "p", Files: []File{
		{Name: "$WORK/b001/_cgo_gotypes.go", Src: []byte("package p\nfunc _Cfunc_f() (r int) { for {} }\nvar v = func() {}\n")},
		{Name: "$WORK/b001/a.cgo1.go", Src: []byte("package p\n\n//line /src/a.go:7\nfunc f() int { return int((_Cfunc_f)()) }\nfunc _Cgo_x() {}\n")},
	}}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if len(res.Files) != 1 || !strings.HasSuffix(res.Files[0].Name, "a.cgo1.go") || len(res.Points) != 2 ||
		res.Points[0].File != "/src/a.go" || res.Points[0].Line != 7 {
		t.Errorf("%+v", res)
	}
	if len(res.Left) != 2 || res.Left[0].Reason != "cgo made it" {
		t.Errorf("left %+v", res.Left)
	}
}
