package instrument

import (
	"go/ast"
	"go/token"
	"maps"
	"slices"
)

// counter adds up one function.
type counter struct {
	e      *estimator
	decl   *ast.FuncDecl
	params map[string]string // parameters, and the name of the type of each, or ""
	known  int               // calls of what this package declares and is not inlined
	estimate
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
		c.cost += closureCost
		return false
	case *ast.ForStmt, *ast.RangeStmt:
		c.loop(n)
		return false
	case *ast.DeferStmt, *ast.GoStmt:
		c.never = true
	case *ast.BranchStmt:
		if n.Tok == token.GOTO {
			c.never = true
		}
		c.cost++
		return false
	case *ast.ArrayType, *ast.MapType, *ast.ChanType, *ast.FuncType, *ast.StructType, *ast.InterfaceType:
		return false // types cost nothing
	case *ast.KeyValueExpr:
		ast.Inspect(n.Value, c.visit)
		return false
	case *ast.SelectorExpr:
		c.cost++
		ast.Inspect(n.X, c.visit)
		return false
	case *ast.CompositeLit:
		c.cost++
		for _, e := range n.Elts {
			ast.Inspect(e, c.visit)
		}
		return false
	case *ast.TypeAssertExpr:
		c.cost++
		ast.Inspect(n.X, c.visit)
		return false
	case *ast.CallExpr:
		c.call(n)
		return false
	}
	c.cost++
	return true
}

// loop counts a loop, which is work if it calls what isn't inlined, or is as large.
func (c *counter) loop(n ast.Node) {
	before, known := c.cost, c.known
	ast.Inspect(n, func(m ast.Node) bool { return m == n || c.visit(m) })
	c.cost++
	c.loops = true
	c.works = c.works || c.cost-before > callCost
	c.large = c.large || c.known > known
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
		c.named(fun.Name)
	case *ast.SelectorExpr:
		c.method(fun)
	case *ast.FuncLit:
		// Called where it stands, so it is always inlined if it can be.
		inner := c.e.function(c.decl, fun.Type, fun.Body)
		c.cost += closureCost + inner.cost
		c.calls, c.loops = c.calls || inner.calls, c.loops || inner.loops
		c.works, c.large = c.works || inner.works, c.large || inner.large
	case *ast.ArrayType, *ast.MapType, *ast.ChanType, *ast.FuncType, *ast.InterfaceType, *ast.StructType, *ast.StarExpr:
		c.cost++ // a conversion
	default:
		c.calls = true
		c.cost += callCost
		ast.Inspect(fun, c.visit)
	}
}

// named adds a call of what an identifier stands for.
func (c *counter) named(name string) {
	if d := c.e.funcs[name]; d != nil {
		c.callee(d)
		return
	}
	if cost, ok := builtins[name]; ok {
		c.cost += cost
		return
	}
	switch _, param := c.params[name]; {
	case name == "recover":
		c.never = true
		c.cost++
	case basicTypes[name] || name == "string" || name == "error" || name == "any" || c.e.types[name]:
		c.cost++
	case param:
		c.cost += paramCallCost + 1
		c.calls = true
	default:
		c.callee(nil)
	}
}

// method adds a call of x.sel: a method, or a function of another package.
func (c *counter) method(sel *ast.SelectorExpr) {
	c.cost++ // the call's own node
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
		c.cost += 2
		return
	}
	ast.Inspect(sel.X, c.visit)
	byType := c.e.methods[sel.Sel.Name]
	if plain && x == sel.X {
		if d := byType[c.params[base.Name]]; d != nil {
			c.callee(d)
			return
		}
	}
	var cheapest *ast.FuncDecl
	for _, typ := range slices.Sorted(maps.Keys(byType)) { // estimates of recursions depend on who asks first
		d := byType[typ]
		if est := c.e.declared(d); est.inlined() && (cheapest == nil || est.cost < c.e.declared(cheapest).cost) {
			cheapest = d
		}
	}
	c.callee(cheapest)
	if cheapest == nil && len(byType) > 0 {
		c.known++
	}
}

// callee adds what a call of d costs, or a call of what is not inlined if that is nil.
func (c *counter) callee(d *ast.FuncDecl) {
	if d != nil {
		if est := c.e.declared(d); est.inlined() {
			c.cost += est.cost + 2
			c.calls, c.loops = c.calls || est.calls, c.loops || est.loops
			return
		}
		c.known++
	}
	c.cost += callCost + 2
	c.calls = true
}
