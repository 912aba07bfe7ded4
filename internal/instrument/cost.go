package instrument

import (
	"go/ast"
	"go/token"
	"strings"
)

// The inliner's numbers (cmd/compile/internal/inline, Go 1.26).
const (
	inlineBudget  = 80
	callCost      = 57
	closureCost   = 15
	paramCallCost = 17 // of a call of one of the function's own parameters
)

// cheapPackages are those whose functions are intrinsics, or cost next to
// nothing when inlined.
var cheapPackages = map[string]bool{
	"math/bits": true, "sync/atomic": true, "unsafe": true, "encoding/binary": true,
	"internal/runtime/atomic": true, "internal/byteorder": true,
}

// estimator guesses what the inliner would say of the functions of one package.
type estimator struct {
	funcs   map[string]*ast.FuncDecl            // by name
	methods map[string]map[string]*ast.FuncDecl // by method name, then by type
	types   map[string]bool                     // declared in the package
	cheap   map[*ast.FuncDecl]map[string]bool   // names of cheap imports, of the file that it is in
	memo    map[*ast.FuncDecl]int               // absent: not known; -1: being computed
}

func newEstimator(files []*source) *estimator {
	e := &estimator{
		funcs:   map[string]*ast.FuncDecl{},
		methods: map[string]map[string]*ast.FuncDecl{},
		types:   map[string]bool{},
		cheap:   map[*ast.FuncDecl]map[string]bool{},
		memo:    map[*ast.FuncDecl]int{},
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

// declCost estimates a declared function.
func (e *estimator) declCost(d *ast.FuncDecl) int {
	if d.Body == nil {
		return callCost
	}
	switch c, known := e.memo[d]; {
	case known && c < 0:
		return callCost // recursion: the inner call stays a call
	case known:
		return c
	}
	e.memo[d] = -1
	c := e.cost(d, d.Type, d.Body)
	if directive(d.Doc, "//go:noinline") {
		c = max(c, DefaultMin)
	}
	e.memo[d] = c
	return c
}

// cost estimates a function, or a literal within decl (which may be nil). Where inlining is ruled
// out, or the function has a loop, it is at least DefaultMin.
func (e *estimator) cost(decl *ast.FuncDecl, typ *ast.FuncType, body *ast.BlockStmt) int {
	c := counter{e: e, decl: decl, params: map[string]string{}}
	if decl != nil {
		c.take(decl.Recv)
		c.take(decl.Type.Params)
	}
	c.take(typ.Params)
	ast.Inspect(body, c.visit)
	if c.heavy {
		return max(c.n, DefaultMin)
	}
	return c.n
}

// counter adds up one function.
type counter struct {
	e      *estimator
	decl   *ast.FuncDecl
	params map[string]string // parameters, and the name of the type of each, or ""
	n      int
	heavy  bool
}

// take notes parameters.
func (c *counter) take(list *ast.FieldList) {
	if list == nil {
		return
	}
	for _, f := range list.List {
		_, typ, _ := namedType(f.Type)
		for _, n := range f.Names {
			c.params[n.Name] = typ
		}
	}
}

func (c *counter) visit(n ast.Node) bool {
	switch n := n.(type) {
	case nil, *ast.BlockStmt, *ast.ParenExpr, *ast.ExprStmt, *ast.CaseClause, *ast.FieldList, *ast.EmptyStmt,
		*ast.Comment, *ast.CommentGroup, *ast.LabeledStmt, *ast.DeclStmt:
		return true
	case *ast.GenDecl:
		return n.Tok == token.VAR
	case *ast.FuncLit:
		c.n += closureCost
		return false
	case *ast.ForStmt, *ast.RangeStmt:
		c.heavy = true
	case *ast.DeferStmt, *ast.GoStmt, *ast.SelectStmt:
		c.heavy = true
	case *ast.BranchStmt:
		if n.Tok == token.GOTO {
			c.heavy = true
		}
		c.n++
		return false
	case *ast.ArrayType, *ast.MapType, *ast.ChanType, *ast.FuncType, *ast.StructType, *ast.InterfaceType:
		return false // types cost nothing
	case *ast.KeyValueExpr:
		ast.Inspect(n.Value, c.visit)
		return false
	case *ast.SelectorExpr:
		c.n++
		ast.Inspect(n.X, c.visit)
		return false
	case *ast.CompositeLit:
		c.n++
		for _, e := range n.Elts {
			ast.Inspect(e, c.visit)
		}
		return false
	case *ast.TypeAssertExpr:
		c.n++
		ast.Inspect(n.X, c.visit)
		return false
	case *ast.CallExpr:
		c.call(n)
		return false
	}
	c.n++
	return true
}

// builtins are predeclared functions and what a call costs beyond its arguments.
var builtins = map[string]int{
	"append": 1, "cap": 1, "clear": 1, "close": 1, "complex": 1, "copy": 1, "delete": 1, "imag": 1,
	"len": 1, "make": 1, "max": 1, "min": 1, "new": 1, "panic": 2, "print": 1, "println": 1, "real": 1,
}

// basicTypes are the predeclared types that a conversion to takes no time.
var basicTypes = map[string]bool{
	"bool": true, "byte": true, "rune": true, "uintptr": true,
	"int": true, "int8": true, "int16": true, "int32": true, "int64": true,
	"uint": true, "uint8": true, "uint16": true, "uint32": true, "uint64": true,
	"float32": true, "float64": true,
}

func (c *counter) call(n *ast.CallExpr) {
	for _, a := range n.Args {
		ast.Inspect(a, c.visit)
	}
	fun := ast.Unparen(n.Fun)
	switch x := fun.(type) { // explicit instantiation
	case *ast.IndexExpr:
		fun = x.X
	case *ast.IndexListExpr:
		fun = x.X
	}
	switch fun := fun.(type) {
	case *ast.Ident:
		c.n += c.named(fun.Name)
	case *ast.SelectorExpr:
		c.n += c.method(fun)
	case *ast.FuncLit:
		// Called where it stands, so it is always inlined if it can be.
		c.n += closureCost + c.e.cost(c.decl, fun.Type, fun.Body)
	case *ast.ArrayType, *ast.MapType, *ast.ChanType, *ast.FuncType, *ast.InterfaceType, *ast.StructType, *ast.StarExpr:
		c.n++ // a conversion
	default:
		c.n += callCost
		ast.Inspect(fun, c.visit)
	}
}

// named is the cost of calling what an identifier stands for.
func (c *counter) named(name string) int {
	if d := c.e.funcs[name]; d != nil {
		return c.e.price(d)
	}
	if cost, ok := builtins[name]; ok {
		return cost
	}
	switch {
	case name == "recover":
		c.heavy = true
		return 1
	case basicTypes[name] || name == "string" || name == "error" || name == "any" || c.e.types[name]:
		return 1
	}
	if _, ok := c.params[name]; ok {
		return paramCallCost + 1
	}
	return callCost + 2
}

// method is the cost of calling x.sel: a method, or a function of another package.
func (c *counter) method(sel *ast.SelectorExpr) int {
	cost := 1 // the call's own node
	x := sel.X
	for { // binary.LittleEndian.Uint32
		inner, ok := x.(*ast.SelectorExpr)
		if !ok {
			break
		}
		x = inner.X
	}
	base, plain := x.(*ast.Ident)
	if plain && c.e.cheap[c.decl][base.Name] {
		return cost + 2
	}
	ast.Inspect(sel.X, c.visit)
	byType := c.e.methods[sel.Sel.Name]
	if plain && x == sel.X {
		if d := byType[c.params[base.Name]]; d != nil {
			return cost + c.e.price(d)
		}
	}
	least := callCost
	for _, d := range byType {
		least = min(least, c.e.price(d))
	}
	return cost + least
}

// price is what a call of d costs its caller.
func (e *estimator) price(d *ast.FuncDecl) int {
	if c := e.declCost(d); c <= inlineBudget && d.Body != nil {
		return c + 2
	}
	return callCost + 2
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
