package instrument

import (
	"bytes"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"testing"
)

// FuzzRewrite feeds arbitrary source: what parses must be rewritten into what
// parses, with the same statements on the same lines.
func FuzzRewrite(f *testing.F) {
	paths, _ := filepath.Glob("testdata/*.txt")
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		_, files := sections(string(text))
		f.Add([]byte(files["in.go"]), 0)
	}
	f.Add([]byte("package p\nfunc f() (int, _ T) { return g(), func() int { return h(\n) } }"), 81)
	f.Add([]byte("\ufeffpackage p;func(a)_(){}\r\nfunc f(){L:}"), 0)
	f.Add([]byte("package p\nfunc f() {\n/*line a:1:1*/return g()\n}"), 0)
	f.Fuzz(func(t *testing.T, src []byte, min int) {
		pkg := Package{Path: "p", Files: []File{{Name: "in.go", Src: src}}}
		res, err := Rewrite(pkg, Options{Min: min})
		if err != nil {
			if _, err := parser.ParseFile(token.NewFileSet(), "in.go", src, parser.SkipObjectResolution); err == nil {
				t.Fatal("it parses, but:", err)
			}
			return
		}
		for i, p := range res.Points {
			if p.Index != i {
				t.Fatalf("point %d has index %d", i, p.Index)
			}
		}
		for _, out := range res.Files {
			checkLines(t, "in.go", src, out.Src)
			if n := bytes.Count(out.Src, []byte("LoadUint64(&")) - bytes.Count(src, []byte("LoadUint64(&")); n != len(res.Points) {
				t.Errorf("%d points in the source, %d in the table", n, len(res.Points))
			}
		}
	})
}
