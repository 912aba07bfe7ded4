package instrument

import (
	"fmt"
	"go/ast"
	"strconv"
	"strings"
)

// receiver takes a method's receiver apart: the variable's name ("" for none), the type's
// name, and the type as it is in the method's name, such as (*T[...]).
func receiver(d *ast.FuncDecl) (name, typ, text string) {
	if d.Recv == nil || len(d.Recv.List) == 0 {
		return "", "", ""
	}
	f := d.Recv.List[0]
	if len(f.Names) > 0 {
		name = f.Names[0].Name
	}
	pointer, typ, generic := namedType(f.Type)
	text = typ + generic
	if pointer {
		text = "(*" + text + ")"
	}
	return name, typ, text
}

// namedType takes T, *T, T[A] or *T[A] apart; name is "" for other types, and generic is "[...]" or "".
func namedType(x ast.Expr) (pointer bool, name, generic string) {
	t := ast.Unparen(x)
	star, pointer := t.(*ast.StarExpr)
	if pointer {
		t = ast.Unparen(star.X)
	}
	switch x := t.(type) {
	case *ast.IndexExpr:
		t, generic = x.X, "[...]"
	case *ast.IndexListExpr:
		t, generic = x.X, "[...]"
	}
	if id, ok := ast.Unparen(t).(*ast.Ident); ok {
		name = id.Name
	}
	return pointer, name, generic
}

// namer hands out the runtime's names of one package's functions.
type namer struct {
	path  string // escaped
	inits int
	vars  int // literals of package-level variables
}

func newNamer(path string) *namer { return &namer{path: escapePath(path)} }

// escapePath is the form of an import path in names of functions: in the last
// element dots are escaped, and what isn't printable ASCII everywhere (cmd/internal/objabi.PathToPrefix).
func escapePath(path string) string {
	slash := strings.LastIndexByte(path, '/')
	var b strings.Builder
	for i := range len(path) {
		if c := path[i]; c <= ' ' || c == '.' && i > slash || c == '%' || c == '"' || c >= 0x7f {
			fmt.Fprintf(&b, "%%%02x", c)
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}

// decl names a declared function. It must be called for each, in order.
func (n *namer) decl(d *ast.FuncDecl) string {
	name := d.Name.Name
	switch {
	case d.Recv != nil:
		_, _, typ := receiver(d)
		name = typ + "." + name
	case name == "init":
		name += "." + strconv.Itoa(n.inits)
		n.inits++
	case d.Type.TypeParams != nil:
		name += "[...]"
	}
	return n.path + "." + name
}

// variable names the next literal of a package-level variable.
func (n *namer) variable() string {
	n.vars++
	return n.path + ".init.func" + strconv.Itoa(n.vars)
}
