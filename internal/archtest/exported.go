package archtest

import (
	"fmt"
	"go/ast"
	"go/token"
)

// checkExported returns the exported identifiers of a file that have no comment:
// functions, methods, types, constants, variables, struct fields and interface
// methods. One comment above a group of constants or variables is enough for
// all of them, and a field's may be behind it. The methods of well-known
// interfaces, such as Error, need none: the interface says what they do.
func checkExported(s source) []string {
	var broken []string
	need := func(id *ast.Ident, of string, docs ...*ast.CommentGroup) {
		if !id.IsExported() {
			return
		}
		for _, d := range docs {
			if d != nil {
				return
			}
		}
		broken = append(broken, fmt.Sprintf("%s: %s%s has no comment", s.at(id.Pos()), of, id.Name))
	}
	for _, decl := range s.file.Decls {
		switch decl := decl.(type) {
		case *ast.FuncDecl:
			if recv, ok := receiver(decl); ok && !(recv != "" && wellKnown[decl.Name.Name]) {
				need(decl.Name, recv, decl.Doc)
			}
		case *ast.GenDecl:
			for _, spec := range decl.Specs {
				switch spec := spec.(type) {
				case *ast.TypeSpec:
					doc := spec.Doc
					if decl.Lparen == token.NoPos {
						doc = decl.Doc
					}
					need(spec.Name, "", doc)
					if spec.Name.IsExported() {
						for _, m := range members(spec.Type) {
							for _, id := range m.Names {
								need(id, spec.Name.Name+".", m.Doc, m.Comment)
							}
						}
					}
				case *ast.ValueSpec:
					for _, id := range spec.Names {
						need(id, "", decl.Doc, spec.Doc, spec.Comment)
					}
				}
			}
		}
	}
	return broken
}

// wellKnown are the methods that everybody knows from the interface they belong
// to.
var wellKnown = map[string]bool{
	"Error": true, "Is": true, "String": true, "Unwrap": true,
}

// receiver returns "T." for a method of T and "" for a function; ok is false for
// a method that can't be seen outside the package, since its type can't.
func receiver(fn *ast.FuncDecl) (of string, ok bool) {
	if fn.Recv == nil {
		return "", true
	}
	typ := fn.Recv.List[0].Type
	for {
		switch t := typ.(type) {
		case *ast.StarExpr:
			typ = t.X
		case *ast.IndexExpr:
			typ = t.X
		case *ast.IndexListExpr:
			typ = t.X
		case *ast.Ident:
			return t.Name + ".", t.IsExported()
		default:
			return "", false
		}
	}
}

// members returns the fields of a struct or the methods of an interface.
func members(typ ast.Expr) []*ast.Field {
	switch t := typ.(type) {
	case *ast.StructType:
		return t.Fields.List
	case *ast.InterfaceType:
		return t.Methods.List
	}
	return nil
}
