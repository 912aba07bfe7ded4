package instrument

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"strconv"
	"strings"

	"github.com/gkhi/gkhi/internal/sitetab"
)

// function is one declaration or literal while it is rewritten.
type function struct {
	r     *rewriter
	f     *source
	decl  *ast.FuncDecl // the declaration that it is or is part of; nil within variables
	name  string
	outer string // the name of the declared function around it, or its own
	typ   *ast.FuncType
	body  *ast.BlockStmt
	doc   *ast.CommentGroup
	lit   bool
	top   *function // the outermost function; nil if it is this one

	literals int        // seen so far within this function
	path     []ast.Node // around the node at hand, from body on

	results   []result
	nameAll   bool            // unnamed results get names
	nameBlank bool            // results named _ get names
	inside    map[string]bool // names declared anywhere in the outermost function, once asked for
}

// result is one result of a function. name is "" or "_" where it has none.
type result struct {
	name string
	id   *ast.Ident // nil if unnamed
	typ  ast.Expr
}

// rewrite puts points into the function and those within it. dead is why not, or "".
func (fn *function) rewrite(dead string) {
	fn.results = resultsOf(fn.typ)
	outer, name := fn.patternName(fn.outer), fn.patternName(fn.name)
	wanted := fn.r.opt.Patterns.Match(fn.r.pkg.ImportPath, outer, name)
	if wanted && dead != "" && !fn.lit && fn.worth() {
		fn.left(fn.typ.Pos(), false, dead)
	}
	chosen := wanted && dead == "" && fn.worth()
	fn.r.mark(outer, name, chosen)
	if chosen {
		fn.f.insert(fn.body.Lbrace+1, fn.point(Entry, fn.typ.Pos(), false, false)+";")
	}
	fn.walk(dead, chosen)
	if !chosen {
		return
	}
	if len(fn.results) == 0 && !fn.terminating(fn.body.List) {
		fn.f.insert(fn.body.Rbrace, ";"+fn.point(Return, fn.body.Rbrace, false, true))
	}
	fn.signature()
}

// patternName is the name with the import path in place of the escaped one.
func (fn *function) patternName(name string) string {
	return fn.r.pkg.ImportPath + strings.TrimPrefix(name, fn.r.namer.path)
}

func resultsOf(typ *ast.FuncType) []result {
	if typ.Results == nil {
		return nil
	}
	var list []result
	for _, f := range typ.Results.List {
		if len(f.Names) == 0 {
			list = append(list, result{typ: f.Type})
		}
		for _, id := range f.Names {
			list = append(list, result{name: id.Name, id: id, typ: f.Type})
		}
	}
	return list
}

// worth reports whether the function is large enough.
func (fn *function) worth() bool {
	o := &fn.r.opt
	if o.Min <= 0 {
		return true
	}
	return fn.cost() >= o.Min
}

// cost is what the function costs, as [Options.Min] has it.
func (fn *function) cost() int {
	var est estimate
	if fn.lit {
		est = fn.r.est.function(fn.decl, fn.typ, fn.body)
	} else {
		est = fn.r.est.declared(fn.decl)
	}
	cost, inlined := est.cost, est.inlined()
	if ask := fn.r.opt.Verdict; ask != nil {
		if v, known := ask(fn.describe()); known {
			inlined = v.Inlined
			if v.Cost > 0 {
				cost = v.Cost
				est.works = est.works && cost > callCost // there is a call, so far as one can tell
			}
		}
	}
	switch {
	case est.works && (!inlined || est.large || cost+fn.pointsCost() <= inlineBudget):
		return max(cost, DefaultMin)
	case inlined, !est.never && !est.calls && !est.loops && cost < leafMin:
		return min(cost, inlineBudget)
	case est.never || !fn.lit:
		return max(cost, DefaultMin)
	}
	return cost
}

// pointsCost is what the points would add to the function's cost.
func (fn *function) pointsCost() int {
	cost := pointCost
	ast.Inspect(fn.body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit:
			return false
		case *ast.ReturnStmt:
			if cost += pointCost; !fn.plain(n.Results) {
				cost += storeCost * len(fn.results)
			}
		}
		return true
	})
	if len(fn.results) == 0 && !fn.terminating(fn.body.List) {
		cost += pointCost
	}
	return cost
}

// describe is the function as the compiler names its place.
func (fn *function) describe() Func {
	pos := fn.typ.Pos()
	if !fn.lit {
		if pos = fn.decl.Name.Pos(); fn.decl.Recv != nil {
			pos = fn.decl.Recv.Opening
		}
	}
	p := fn.r.fset.Position(pos)
	return Func{Name: fn.name, File: p.Filename, Line: p.Line, Col: p.Column, Literal: fn.lit}
}

// walk goes through the body: literals are functions of their own.
func (fn *function) walk(dead string, chosen bool) {
	ast.Inspect(fn.body, func(n ast.Node) bool {
		switch n := n.(type) {
		case nil:
			fn.path = fn.path[:len(fn.path)-1]
			return true
		case *ast.FuncLit:
			fn.literal(n, dead)
			return false
		case *ast.ReturnStmt:
			if chosen {
				fn.ret(n)
			}
		}
		fn.path = append(fn.path, n)
		return true
	})
}

func (fn *function) literal(lit *ast.FuncLit, dead string) {
	fn.literals++
	sep := ".func"
	if fn.lit {
		sep = "."
	}
	top := fn.top
	if top == nil {
		top = fn
	}
	inner := &function{
		r: fn.r, f: fn.f, decl: fn.decl, name: fn.name + sep + strconv.Itoa(fn.literals), outer: fn.outer,
		typ: lit.Type, body: lit.Body, lit: true, top: top,
	}
	inner.rewrite(dead)
}

// point adds a point at pos and returns its text.
func (fn *function) point(kind Kind, pos token.Pos, inRange, stored bool) string {
	p := fn.r.fset.Position(pos)
	q := Point{Func: fn.name, Kind: kind, File: p.Filename, Line: p.Line, InRange: inRange, Stored: stored}
	if kind == Entry {
		if !fn.lit && fn.decl.Recv != nil {
			q.Params = params(q.Params, fn.decl.Recv)
		}
		q.Params, q.Results = params(q.Params, fn.typ.Params), params(nil, fn.typ.Results)
	}
	return fn.r.point(q)
}

// params appends what a list declares.
func params(ps []sitetab.Param, list *ast.FieldList) []sitetab.Param {
	if list == nil {
		return ps
	}
	for _, f := range list.List {
		p := sitetab.Param{Type: types.ExprString(f.Type)}
		for _, id := range f.Names {
			p.Name = id.Name
			ps = append(ps, p)
		}
		if len(f.Names) == 0 {
			ps = append(ps, p)
		}
	}
	return ps
}

func (fn *function) left(pos token.Pos, ret bool, reason string) {
	p := fn.r.fset.Position(pos)
	fn.r.res.Left = append(fn.r.res.Left, Left{Func: fn.name, File: p.Filename, Line: p.Line, Return: ret, Reason: reason})
}

// signature gives names to results, if returns need them.
func (fn *function) signature() {
	list := fn.typ.Results
	switch {
	case fn.nameAll && list.Opening.IsValid():
		for i, res := range fn.results {
			fn.f.insert(res.typ.Pos(), fn.r.names.result(i)+" ")
		}
	case fn.nameAll:
		fn.f.insert(list.List[0].Type.Pos(), "("+fn.r.names.result(0)+" ")
		fn.f.insert(list.List[0].Type.End(), ")")
	case fn.nameBlank:
		for i, res := range fn.results {
			if res.name == "_" {
				fn.f.replace(res.id.Pos(), 1, fn.r.names.result(i))
			}
		}
	}
}

// ret puts a point at a return statement.
func (fn *function) ret(st *ast.ReturnStmt) {
	inRange := false
	for _, n := range fn.path {
		if _, ok := n.(*ast.RangeStmt); ok {
			inRange = true
		}
	}
	if fn.plain(st.Results) {
		fn.f.insert(st.Pos(), fn.point(Return, st.Pos(), inRange, len(st.Results) == 0)+";")
		return
	}
	if len(st.Results) != 1 && len(st.Results) != len(fn.results) || len(fn.results) == 0 {
		fn.left(st.Pos(), true, "it has a wrong number of results")
		return
	}
	before, after, why := fn.targets(st.Pos())
	if why != "" {
		fn.left(st.Pos(), true, why)
		return
	}
	// The keyword goes to the end of the last result; where that is another
	// line, it keeps its position by a comment, and so does what follows it.
	end := st.Results[len(st.Results)-1].End()
	lineAt, lineBack := "", ""
	if at, back := fn.r.fset.Position(st.Pos()), fn.r.fset.Position(end); at.Line != back.Line ||
		fn.f.tok.PositionFor(st.Pos(), false).Line != fn.f.tok.PositionFor(end, false).Line {
		if at.Filename != back.Filename {
			fn.left(st.Pos(), true, "a //line directive is in the middle of it")
			return
		}
		lineAt, lineBack = lineComment(at), lineComment(back)
	}
	hit := fn.point(Return, st.Pos(), inRange, after == "")
	fn.f.replace(st.Pos(), len("return"), before)
	fn.parens(st.Results)
	fn.f.insert(end, ";"+lineAt+hit+";return"+after+lineBack)
}

// parens puts parentheses around results that are assigned to themselves, which
// vet would report otherwise, where it sees the rewritten source.
func (fn *function) parens(results []ast.Expr) {
	for i, x := range results {
		if id, ok := x.(*ast.Ident); ok && id.Name == fn.results[i].name {
			fn.f.insert(id.Pos(), "(")
			fn.f.insert(id.End(), ")")
		}
	}
}

// lineComment makes the next byte's position p, in the file that positions are in already.
func lineComment(p token.Position) string {
	return fmt.Sprintf("/*line :%d:%d*/", p.Line, max(p.Column, 1))
}

// plain reports whether evaluating the results takes no time.
func (fn *function) plain(results []ast.Expr) bool {
	for _, x := range results {
		if !simple(x, func(name string) bool { return !fn.r.declared[name] }) {
			return false
		}
	}
	return true
}

// targets finds variables for the results of a return statement at pos: before
// is what takes the place of the keyword, after what follows it at the end.
func (fn *function) targets(pos token.Pos) (before, after, why string) {
	var list []string
	given := map[string]bool{}
	blank := false
	for i, res := range fn.results {
		if res.name == "" || res.name == "_" {
			blank = blank || res.name == "_"
			list = append(list, fn.r.names.result(i))
			continue
		}
		given[res.name] = true
		list = append(list, res.name)
	}
	if len(given) > 0 && shadowed(given, fn.path, pos) {
		return fn.variables()
	}
	if fn.results[0].id == nil {
		fn.nameAll = true
	}
	fn.nameBlank = fn.nameBlank || blank
	return strings.Join(list, ",") + "=", "", ""
}

// variables are targets of the return's own, for results that are shadowed.
func (fn *function) variables() (before, after, why string) {
	var decls strings.Builder
	var list []string
	for i, res := range fn.results {
		text := fn.f.text(res.typ.Pos(), res.typ.End())
		if strings.ContainsAny(text, "\r\n") || strings.Contains(text, "/*") {
			return "", "", "a named result is shadowed, and a type is too long to repeat"
		}
		if fn.redeclared(res.typ) {
			return "", "", "a named result is shadowed, and perhaps a name in a type too"
		}
		name := fn.r.names.result(i)
		fmt.Fprintf(&decls, "var %s %s;", name, text)
		list = append(list, name)
	}
	all := strings.Join(list, ",")
	return "{" + decls.String() + all + "=", " " + all + "}", ""
}

// redeclared reports whether a type has a name that could mean another thing within the function.
func (fn *function) redeclared(typ ast.Expr) bool {
	top := fn
	if fn.top != nil {
		top = fn.top
	}
	if top.inside == nil {
		top.inside = map[string]bool{}
		if d := top.decl; d != nil && d.Recv != nil {
			declared(d.Recv, top.inside)
		}
		if top.typ.Params != nil {
			declared(top.typ.Params, top.inside)
		}
		if top.typ.Results != nil {
			declared(top.typ.Results, top.inside)
		}
		declared(top.body, top.inside)
	}
	found := false
	ast.Inspect(typ, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit:
			found = true
		case *ast.Ident:
			found = found || top.inside[n.Name]
		}
		return !found
	})
	return found
}

// terminating reports whether the end of a list of statements is certainly not
// reached. Where it says no wrongly, the point is dead code.
func (fn *function) terminating(list []ast.Stmt) bool {
	if len(list) == 0 {
		return false
	}
	switch s := list[len(list)-1].(type) {
	case *ast.ReturnStmt:
		return true
	case *ast.BranchStmt:
		return s.Tok == token.GOTO
	case *ast.BlockStmt:
		return fn.terminating(s.List)
	case *ast.LabeledStmt:
		return fn.terminating([]ast.Stmt{s.Stmt})
	case *ast.IfStmt:
		return s.Else != nil && fn.terminating(s.Body.List) && fn.terminating([]ast.Stmt{s.Else})
	case *ast.SelectStmt:
		return len(s.Body.List) == 0
	case *ast.ForStmt:
		return s.Cond == nil && !breaks(s.Body)
	case *ast.ExprStmt:
		call, ok := s.X.(*ast.CallExpr)
		if !ok {
			return false
		}
		id, ok := ast.Unparen(call.Fun).(*ast.Ident)
		return ok && id.Name == "panic" && !fn.r.declared["panic"]
	}
	return false
}

// breaks reports whether there is a break statement anywhere in a body.
func breaks(body *ast.BlockStmt) bool {
	found := false
	ast.Inspect(body, func(n ast.Node) bool {
		b, ok := n.(*ast.BranchStmt)
		found = found || ok && b.Tok == token.BREAK
		return !found
	})
	return found
}
