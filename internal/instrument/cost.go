package instrument

import (
	"go/ast"
	"strings"
)

// The inliner's numbers (cmd/compile/internal/inline, Go 1.26).
const (
	inlineBudget  = 80
	callCost      = 57
	closureCost   = 15
	paramCallCost = 17 // of a call of one of the function's own parameters
	pointCost     = 6
	storeCost     = 2 // of a result's assignment to its variable, with what else that return needs
)

// cheapPackages are those whose functions are intrinsics, or cost next to
// nothing when inlined.
var cheapPackages = map[string]bool{
	"math/bits": true, "sync/atomic": true, "unsafe": true, "encoding/binary": true,
	"internal/runtime/atomic": true, "internal/byteorder": true,
}

// leafMin is the least cost of a function that is worth a point though it calls nothing and has no loop: some
// twenty nanoseconds of work, of which two no-ops are a hundredth.
const leafMin = 2 * inlineBudget

// estimator guesses what the inliner would say of the functions of one package.
type estimator struct {
	funcs   map[string]*ast.FuncDecl            // by name
	methods map[string]map[string]*ast.FuncDecl // by method name, then by type
	types   map[string]bool                     // declared in the package
	cheap   map[*ast.FuncDecl]map[string]bool   // names of cheap imports, of the file that it is in
	memo    map[*ast.FuncDecl]estimate          // those that are known
}

// An estimate is what is guessed of a function.
type estimate struct {
	cost  int  // as the inliner counts
	never bool // whatever the cost, it is not inlined
	calls bool // it calls what is not inlined
	loops bool
	works bool // a loop takes a while
	large bool // a loop calls what this package declares and is not inlined
}

func (e estimate) inlined() bool { return !e.never && e.cost <= inlineBudget }

func newEstimator(files []*source) *estimator {
	e := &estimator{
		funcs:   map[string]*ast.FuncDecl{},
		methods: map[string]map[string]*ast.FuncDecl{},
		types:   map[string]bool{},
		cheap:   map[*ast.FuncDecl]map[string]bool{},
		memo:    map[*ast.FuncDecl]estimate{},
	}
	for _, f := range files {
		cheap := map[string]bool{}
		for _, imp := range f.ast.Imports {
			path := strings.Trim(imp.Path.Value, "`\"")
			if !cheapPackages[path] {
				continue
			}
			name := path[strings.LastIndex(path, "/")+1:]
			if imp.Name != nil {
				name = imp.Name.Name
			}
			cheap[name] = true
		}
		for _, d := range f.ast.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				e.cheap[d] = cheap
				if d.Recv == nil {
					e.funcs[d.Name.Name] = d
					continue
				}
				_, typ, _ := receiver(d)
				m := e.methods[d.Name.Name]
				if m == nil {
					m = map[string]*ast.FuncDecl{}
					e.methods[d.Name.Name] = m
				}
				m[typ] = d
			case *ast.GenDecl:
				for _, s := range d.Specs {
					if t, ok := s.(*ast.TypeSpec); ok {
						e.types[t.Name.Name] = true
					}
				}
			}
		}
	}
	return e
}

// declared estimates a declared function.
func (e *estimator) declared(d *ast.FuncDecl) estimate {
	if d.Body == nil {
		return estimate{never: true}
	}
	if known, ok := e.memo[d]; ok {
		return known
	}
	e.memo[d] = estimate{never: true} // in a recursion the inner call stays a call
	est := e.function(d, d.Type, d.Body)
	est.never = est.never || directive(d.Doc, "//go:noinline")
	e.memo[d] = est
	return est
}

// function estimates a function, or a literal within decl (which may be nil).
func (e *estimator) function(decl *ast.FuncDecl, typ *ast.FuncType, body *ast.BlockStmt) estimate {
	c := counter{e: e, decl: decl, params: map[string]string{}}
	if decl != nil {
		c.take(decl.Recv)
		c.take(decl.Type.Params)
	}
	c.take(typ.Params)
	ast.Inspect(body, c.visit)
	return c.estimate
}

// directive reports whether a doc comment has a line that is, or begins with, text.
func directive(doc *ast.CommentGroup, text string) bool {
	if doc == nil {
		return false
	}
	for _, c := range doc.List {
		if rest, ok := strings.CutPrefix(c.Text, text); ok && (rest == "" || rest[0] == ' ' || rest[0] == '\t') {
			return true
		}
	}
	return false
}
