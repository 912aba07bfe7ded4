package instrument

import (
	"bytes"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite the expectations in testdata")

// sections reads "-- name --" and what follows, as in txtar.
func sections(text string) (comment string, files map[string]string) {
	files = map[string]string{}
	name := ""
	for line := range strings.Lines(text) {
		if n, ok := strings.CutPrefix(line, "-- "); ok && strings.HasSuffix(n, " --\n") {
			name = strings.TrimSuffix(n, " --\n")
			files[name] = ""
		} else if name == "" {
			comment += line
		} else {
			files[name] += line
		}
	}
	return comment, files
}

func TestGolden(t *testing.T) {
	paths, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(paths) == 0 {
		t.Fatal("no testdata", err)
	}
	for _, path := range paths {
		t.Run(filepath.Base(path), func(t *testing.T) {
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			comment, files := sections(string(text))
			pkg := Package{Path: "example.com/p", Files: []File{{Name: "in.go", Src: []byte(files["in.go"])}}}
			opt := goldenOptions(t, &pkg, files["options"])
			res, err := Rewrite(pkg, opt)
			if err != nil {
				t.Fatal(err)
			}
			if len(res.Files) != 1 {
				t.Fatalf("%d files changed", len(res.Files))
			}
			out := res.Files[0].Src
			checkLines(t, "in.go", pkg.Files[0].Src, out)
			typeCheck(t, res.Files[0], res.Words)

			table := tableText(res)
			if *update {
				files["out.go"], files["points"] = string(out), table
				var b strings.Builder
				b.WriteString(comment)
				for _, name := range []string{"options", "in.go", "out.go", "points"} {
					if text, ok := files[name]; ok {
						fmt.Fprintf(&b, "-- %s --\n%s", name, text)
					}
				}
				if err := os.WriteFile(path, []byte(b.String()), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			diff(t, files["out.go"], string(out))
			diff(t, files["points"], table)
		})
	}
}

func goldenOptions(t *testing.T, pkg *Package, text string) (opt Options) {
	for line := range strings.Lines(text) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		var err error
		switch key {
		case "min":
			opt.Min, err = strconv.Atoi(value)
		case "path":
			pkg.Path = value
		case "patterns":
			opt.Patterns, err = ParsePatterns(strings.Split(value, ","))
		default:
			t.Fatalf("unknown option %q", key)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return opt
}

func tableText(res *Result) string {
	var b strings.Builder
	for _, p := range res.Points {
		fmt.Fprintf(&b, "%d %s %s %s:%d", p.Index, p.Kind, p.Func, p.File, p.Line)
		if p.InRange {
			b.WriteString(" in range")
		}
		b.WriteByte('\n')
	}
	for _, l := range res.Left {
		what := "function"
		if l.Return {
			what = "return"
		}
		fmt.Fprintf(&b, "left: %s in %s %s:%d: %s\n", what, l.Func, l.File, l.Line, l.Reason)
	}
	return b.String()
}

func diff(t *testing.T, want, got string) {
	t.Helper()
	w, g := strings.Split(want, "\n"), strings.Split(got, "\n")
	for i := range max(len(w), len(g)) {
		var a, b string
		if i < len(w) {
			a = w[i]
		}
		if i < len(g) {
			b = g[i]
		}
		if a != b {
			t.Errorf("line %d\nwant %s\ngot  %s", i+1, a, b)
		}
	}
}

// atomicOnly imports a sync/atomic that has what a point needs.
type atomicOnly struct{}

func (atomicOnly) Import(path string) (*types.Package, error) {
	if path == "unsafe" {
		return types.Unsafe, nil
	}
	if path != "sync/atomic" {
		return nil, fmt.Errorf("unexpected import of %s", path)
	}
	pkg := types.NewPackage(path, "atomic")
	u64 := types.Typ[types.Uint64]
	v := func(t types.Type) *types.Tuple { return types.NewTuple(types.NewVar(0, pkg, "", t)) }
	sig := types.NewSignatureType(nil, nil, nil, v(types.NewPointer(u64)), v(u64), false)
	pkg.Scope().Insert(types.NewFunc(0, pkg, "LoadUint64", sig))
	pkg.MarkComplete()
	return pkg, nil
}

func typeCheck(t *testing.T, files ...File) {
	t.Helper()
	fset := token.NewFileSet()
	var trees []*ast.File
	for _, f := range files {
		tree, err := parser.ParseFile(fset, f.Name, f.Src, parser.SkipObjectResolution)
		if err != nil {
			t.Fatalf("%v\n%s", err, f.Src)
		}
		trees = append(trees, tree)
	}
	conf := types.Config{Importer: atomicOnly{}, Error: func(err error) { t.Error(err) }}
	conf.Check("example.com/p", fset, trees, nil)
}

// checkLines fails unless each statement, name and literal of in is also in
// out, in the same file and line, and out has the same comments and number of lines.
func checkLines(t *testing.T, name string, in, out []byte) {
	t.Helper()
	if a, b := bytes.Count(in, []byte("\n")), bytes.Count(out, []byte("\n")); a != b {
		t.Errorf("%s: %d lines became %d", name, a, b)
	}
	want, got := leaves(t, name, in), leaves(t, name, out)
	for leaf, n := range want {
		if leaf.what == "_ name" {
			continue // a blank result may have been given a name
		}
		if got[leaf] < n {
			t.Errorf("%s: lost or moved: %+v (%d, was %d)", name, leaf, got[leaf], n)
		}
	}
}

// A leaf is a node of the tree, told by its text or kind and its place.
type leaf struct {
	what, file string
	line       int
}

// leaves counts what is in a file, by text, file and line.
func leaves(t *testing.T, name string, src []byte) map[leaf]int {
	t.Helper()
	fset := token.NewFileSet()
	tree, err := parser.ParseFile(fset, name, src, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		t.Fatalf("%v\n%s", err, src)
	}
	found := map[leaf]int{}
	add := func(what string, pos token.Pos) {
		p := fset.Position(pos)
		found[leaf{what, p.Filename, p.Line}]++
	}
	ast.Inspect(tree, func(n ast.Node) bool {
		switch n := n.(type) {
		case nil, *ast.EmptyStmt, *ast.CommentGroup:
		case *ast.Ident:
			add(n.Name+" name", n.Pos())
		case *ast.BasicLit:
			add(n.Value, n.Pos())
		case *ast.CompositeLit:
			add("brace", n.Rbrace)
		case *ast.BlockStmt:
			add("block", n.Lbrace)
			add("block's end", n.Rbrace)
		default:
			add(fmt.Sprintf("%T", n), n.Pos())
		}
		return true
	})
	for _, g := range tree.Comments {
		for _, c := range g.List {
			add(c.Text, c.Pos())
		}
	}
	return found
}
