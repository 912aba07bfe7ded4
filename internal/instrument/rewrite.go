package instrument

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// source is one parsed file, and what is to be changed in it.
type source struct {
	File
	ast   *ast.File
	tok   *token.File
	edits []edit
}

// An edit replaces bytes of a source by text with as many newlines: none.
type edit struct {
	offset, remove int
	text           string
}

func (s *source) insert(pos token.Pos, text string) {
	s.edits = append(s.edits, edit{offset: s.tok.Offset(pos), text: text})
}

func (s *source) replace(pos token.Pos, n int, text string) {
	s.edits = append(s.edits, edit{offset: s.tok.Offset(pos), remove: n, text: text})
}

// text is what the source has from one position to another.
func (s *source) text(from, to token.Pos) string {
	return string(s.Src[s.tok.Offset(from):s.tok.Offset(to)])
}

// apply makes the changes. Edits at one offset keep the order in which they were made.
func (s *source) apply() []byte {
	slices.SortStableFunc(s.edits, func(a, b edit) int { return a.offset - b.offset })
	var out bytes.Buffer
	at := 0
	for _, e := range s.edits {
		out.Write(s.Src[at:e.offset])
		out.WriteString(e.text)
		at = e.offset + e.remove
	}
	out.Write(s.Src[at:])
	return out.Bytes()
}

// Rewrite puts points into a package. The package's files must parse; an error
// that they don't is a go/scanner.ErrorList, and it is best to let the compiler report it. For a package that is
// [Excluded] the error wraps [ErrExcluded].
//
// The source is not type-checked: what doesn't compile before doesn't compile afterwards.
func Rewrite(pkg Package, opt Options) (*Result, error) {
	if pkg.ImportPath == "" {
		pkg.ImportPath = pkg.Path
	}
	if opt.Style == (Style{}) {
		opt.Style = SyncAtomic
	}
	if err := opt.Style.check(); err != nil {
		return nil, err
	}
	if why, excluded := Excluded(pkg.ImportPath); excluded {
		return nil, fmt.Errorf("%s: %w: %s", pkg.ImportPath, ErrExcluded, why)
	}
	r := &rewriter{
		pkg:      pkg,
		opt:      opt,
		fset:     token.NewFileSet(),
		namer:    newNamer(pkg.Path),
		declared: map[string]bool{},
	}
	if err := r.parse(); err != nil {
		return nil, err
	}
	r.about = opt.Patterns.about(pkg.ImportPath)
	r.named, r.used = make([]bool, len(r.about)), make([]bool, len(r.about))
	r.names = newNames(r.freePrefix())
	r.est = newEstimator(r.files)
	for _, f := range r.files {
		r.file(f)
	}
	return r.result(), nil
}

// rewriter is the state of one call of Rewrite.
type rewriter struct {
	pkg      Package
	opt      Options
	fset     *token.FileSet
	files    []*source
	names    names
	est      *estimator
	namer    *namer
	declared map[string]bool // every name that the package declares, in any scope
	about    []rule          // that name functions of this package
	named    []bool          // of each, whether there is one
	used     []bool          // and whether it has points
	res      Result
}

// mark notes which rules a function is one of.
func (r *rewriter) mark(outer, name string, chosen bool) {
	for i, rule := range r.about {
		if !r.used[i] && (rule.glob.Match(outer) || rule.glob.Match(name)) {
			r.named[i], r.used[i] = true, chosen
		}
	}
}

func (r *rewriter) parse() error {
	for _, f := range r.pkg.Files {
		tree, err := parser.ParseFile(r.fset, f.Name, f.Src, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return fmt.Errorf("parse: %w", err)
		}
		r.files = append(r.files, &source{File: f, ast: tree, tok: r.fset.File(tree.FileStart)})
		declared(tree, r.declared)
	}
	return nil
}

// freePrefix finds a prefix that no identifier of the package begins with.
func (r *rewriter) freePrefix() string {
	used := map[string]bool{}
	for _, f := range r.files {
		ast.Inspect(f.ast, func(n ast.Node) bool {
			if id, ok := n.(*ast.Ident); ok && strings.HasPrefix(id.Name, "gkhi") {
				if head, _, ok := strings.Cut(id.Name, "_"); ok {
					used[head] = true
				}
			}
			return true
		})
	}
	prefix := "gkhi"
	for i := 1; used[prefix]; i++ {
		prefix = "gkhi" + strconv.Itoa(i)
	}
	return prefix + "_"
}

// generated reports whether cgo made the file for its own purposes. The user's
// files, as cgo rewrites them, are not among these.
func generated(name string) bool {
	base := filepath.Base(name)
	return strings.HasPrefix(base, "_cgo_")
}

// file goes through the declarations of a file.
func (r *rewriter) file(f *source) {
	before := len(r.res.Points)
	for _, d := range f.ast.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			if d.Name.Name == "_" && d.Recv == nil {
				continue // never compiled
			}
			fn := &function{
				r: r, f: f, decl: d, name: r.namer.decl(d), typ: d.Type, body: d.Body, doc: d.Doc,
			}
			fn.outer = fn.name
			if d.Body != nil && d.Name.Name != "_" {
				fn.rewrite(deadReason(f, d))
			}
		case *ast.GenDecl:
			if d.Tok == token.VAR {
				r.variables(f, d)
			}
		}
	}
	if len(r.res.Points) > before && r.opt.Style.Import != "" {
		f.insert(f.ast.Name.End(), ";import "+r.names.pkg+" "+strconv.Quote(r.opt.Style.Import))
	}
}

// variables goes through the literals of package-level variables.
func (r *rewriter) variables(f *source, d *ast.GenDecl) {
	ast.Inspect(d, func(n ast.Node) bool {
		lit, ok := n.(*ast.FuncLit)
		if !ok {
			return true
		}
		fn := &function{r: r, f: f, name: r.namer.variable(), typ: lit.Type, body: lit.Body, lit: true}
		fn.outer = fn.name
		fn.rewrite(fileReason(f))
		return false
	})
}

func fileReason(f *source) string {
	if generated(f.Name) {
		return "cgo made it"
	}
	return ""
}

// deadReason is why a declared function and all in it get no points, or "".
func deadReason(f *source, d *ast.FuncDecl) string {
	if why := fileReason(f); why != "" {
		return why
	}
	for _, p := range []string{"_Cfunc_", "_Cgo", "_cgo", "_C2func_", "_Cmacro_"} {
		if strings.HasPrefix(d.Name.Name, p) {
			return "cgo made it"
		}
	}
	if d.Doc != nil {
		for _, c := range d.Doc.List {
			text, _, _ := strings.Cut(c.Text, " ")
			if why := deadDirectives[text]; why != "" {
				return why
			}
		}
	}
	return ""
}

// point adds to the table and returns the statement's text.
func (r *rewriter) point(p Point) string {
	p.Index = len(r.res.Points)
	r.res.Points = append(r.res.Points, p)
	return r.opt.Style.hit(r.names, p.Index)
}

// result gathers what the walk has left.
func (r *rewriter) result() *Result {
	res := r.res
	for i, rule := range r.about {
		if !r.used[i] {
			res.Missed = append(res.Missed, Missed{rule.glob.String(), r.named[i]})
		}
	}
	if len(res.Points) == 0 {
		return &res
	}
	for _, f := range r.files {
		if len(f.edits) > 0 {
			res.Files = append(res.Files, File{Name: f.Name, Src: f.apply()})
		}
	}
	res.Symbol = r.namer.path + "." + r.names.words
	res.Words = File{Name: r.names.words + ".go", Src: fmt.Appendf(nil,
		"// Code generated by gkhi build; DO NOT EDIT.\n\npackage %s\n\n// %s are the keys of the package's points.\nvar %s [%d]uint64\n",
		r.files[0].ast.Name.Name, r.names.words, r.names.words, len(res.Points))}
	return &res
}
