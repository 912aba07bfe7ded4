package instrument

import (
	"go/ast"
	"go/token"
)

// shadowed reports whether one of names, which are results of a function, means
// something else at pos. path has the nodes around pos from the function's body to the innermost.
// A declaration in the body's own block can't be in the way: results belong to that block.
func shadowed(names map[string]bool, path []ast.Node, pos token.Pos) bool {
	s := shadows{names: names, pos: pos}
	for i, n := range path {
		if i > 0 {
			s.scope(n)
		}
	}
	return s.found
}

type shadows struct {
	names map[string]bool
	pos   token.Pos
	found bool
}

// scope looks at what a node declares for the code within it.
func (s *shadows) scope(n ast.Node) {
	switch n := n.(type) {
	case *ast.BlockStmt:
		s.list(n.List)
	case *ast.CaseClause:
		s.list(n.Body)
	case *ast.CommClause:
		s.stmt(n.Comm)
		s.list(n.Body)
	case *ast.IfStmt:
		s.stmt(n.Init)
	case *ast.ForStmt:
		s.stmt(n.Init)
	case *ast.SwitchStmt:
		s.stmt(n.Init)
	case *ast.TypeSwitchStmt:
		s.stmt(n.Init)
		s.stmt(n.Assign)
	case *ast.RangeStmt:
		if n.Tok == token.DEFINE {
			s.expr(n.Key)
			s.expr(n.Value)
		}
	}
}

func (s *shadows) list(stmts []ast.Stmt) {
	for _, st := range stmts {
		if st.Pos() >= s.pos {
			return
		}
		s.stmt(st)
	}
}

// stmt takes in the names that a statement declares in its block.
func (s *shadows) stmt(st ast.Stmt) {
	switch st := st.(type) {
	case *ast.LabeledStmt:
		s.stmt(st.Stmt)
	case *ast.AssignStmt:
		if st.Tok == token.DEFINE {
			for _, x := range st.Lhs {
				s.expr(x)
			}
		}
	case *ast.DeclStmt:
		d, ok := st.Decl.(*ast.GenDecl)
		if !ok {
			return
		}
		for _, spec := range d.Specs {
			switch spec := spec.(type) {
			case *ast.ValueSpec:
				for _, id := range spec.Names {
					s.expr(id)
				}
			case *ast.TypeSpec:
				s.expr(spec.Name)
			}
		}
	}
}

func (s *shadows) expr(x ast.Expr) {
	if id, ok := x.(*ast.Ident); ok && s.names[id.Name] {
		s.found = true
	}
}

// declared collects every name that is declared within n, whatever its scope.
func declared(n ast.Node, into map[string]bool) {
	add := func(x ast.Expr) {
		if id, ok := x.(*ast.Ident); ok {
			into[id.Name] = true
		}
	}
	ast.Inspect(n, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.Field:
			for _, id := range n.Names {
				add(id)
			}
		case *ast.AssignStmt:
			if n.Tok == token.DEFINE {
				for _, x := range n.Lhs {
					add(x)
				}
			}
		case *ast.RangeStmt:
			if n.Tok == token.DEFINE {
				add(n.Key)
				add(n.Value)
			}
		case *ast.ValueSpec:
			for _, id := range n.Names {
				add(id)
			}
		case *ast.TypeSpec:
			add(n.Name)
		case *ast.FuncDecl:
			if n.Recv == nil {
				add(n.Name)
			}
		case *ast.ImportSpec:
			if n.Name != nil {
				add(n.Name)
			}
		}
		return true
	})
}

// simple reports whether evaluating x takes no time worth a name: no call, no
// receive, no allocation but that of a literal. universe reports whether a predeclared name has its usual meaning.
func simple(x ast.Expr, universe func(string) bool) bool {
	switch x := x.(type) {
	case *ast.Ident, *ast.BasicLit, *ast.FuncLit:
		return true
	case *ast.ParenExpr:
		return simple(x.X, universe)
	case *ast.SelectorExpr:
		return simple(x.X, universe)
	case *ast.StarExpr:
		return simple(x.X, universe)
	case *ast.UnaryExpr:
		return x.Op != token.ARROW && simple(x.X, universe)
	case *ast.BinaryExpr:
		return simple(x.X, universe) && simple(x.Y, universe)
	case *ast.IndexExpr:
		return simple(x.X, universe) && simple(x.Index, universe)
	case *ast.IndexListExpr:
		return true // an instantiated function
	case *ast.SliceExpr:
		for _, e := range []ast.Expr{x.Low, x.High, x.Max} {
			if e != nil && !simple(e, universe) {
				return false
			}
		}
		return simple(x.X, universe)
	case *ast.CompositeLit:
		for _, e := range x.Elts {
			if kv, ok := e.(*ast.KeyValueExpr); ok {
				if !simple(kv.Key, universe) {
					return false
				}
				e = kv.Value
			}
			if !simple(e, universe) {
				return false
			}
		}
		return true
	case *ast.CallExpr:
		id, ok := ast.Unparen(x.Fun).(*ast.Ident)
		if !ok || len(x.Args) != 1 || !universe(id.Name) {
			return false
		}
		return (basicTypes[id.Name] || id.Name == "len" || id.Name == "cap") && simple(x.Args[0], universe)
	}
	return false
}
