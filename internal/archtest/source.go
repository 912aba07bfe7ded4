package archtest

import (
	"fmt"
	"go/ast"
	"go/token"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// A source is one parsed Go file.
type source struct {
	name string // from the module's root
	pkg  string // import path
	fset *token.FileSet
	file *ast.File
}

// at returns a position as "file:line".
func (s source) at(pos token.Pos) string {
	return fmt.Sprintf("%s:%d", s.name, s.fset.Position(pos).Line)
}

// check returns where a file breaks the rule.
func (r sourceRule) check(s source) []string {
	if matches(s.pkg, r.except) {
		return nil
	}
	var broken []string
	report := func(pos token.Pos, what string) {
		broken = append(broken, fmt.Sprintf("%s: %s: %s", s.at(pos), what, r.why))
	}
	imported := importNames(s.file)
	for _, decl := range s.file.Decls {
		if r.inMain && isMain(s.file, decl) {
			continue
		}
		ast.Inspect(decl, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.SelectorExpr:
				x, ok := n.X.(*ast.Ident)
				if !ok || imported[x.Name] == "" {
					break
				}
				if name := imported[x.Name] + "." + n.Sel.Name; slices.ContainsFunc(r.calls, func(c string) bool { return glob(c, name) }) {
					report(n.Pos(), name)
				}
			case *ast.BasicLit:
				if text, err := strconv.Unquote(n.Value); err == nil && slices.Contains(r.literals, text) {
					report(n.Pos(), n.Value)
				}
			}
			return true
		})
	}
	return broken
}

// glob matches a name with a pattern whose last character may be a star.
func glob(pattern, name string) bool {
	if prefix, ok := strings.CutSuffix(pattern, "*"); ok {
		return strings.HasPrefix(name, prefix)
	}
	return name == pattern
}

// isMain reports whether decl is func main of a command.
func isMain(f *ast.File, decl ast.Decl) bool {
	fn, ok := decl.(*ast.FuncDecl)
	return ok && f.Name.Name == "main" && fn.Recv == nil && fn.Name.Name == "main"
}

// importNames returns the last element of each import's path, by the name that
// the file knows it by.
func importNames(f *ast.File) map[string]string {
	names := make(map[string]string)
	for _, spec := range f.Imports {
		path, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			continue
		}
		base := path[strings.LastIndex(path, "/")+1:]
		if spec.Name != nil {
			names[spec.Name.Name] = base
		} else {
			names[base] = base
		}
	}
	return names
}

// checkPackageComment returns what is wrong with the comment of a package whose
// files these are, or "".
func checkPackageComment(files []source) string {
	if len(files) == 0 {
		return ""
	}
	name := files[0].file.Name.Name
	for _, s := range files {
		if s.file.Doc == nil {
			continue
		}
		text := s.file.Doc.Text()
		switch {
		case name == "main" && !strings.HasPrefix(text, "Package "):
			return "" // it may begin with Command, Program or its own name
		case strings.HasPrefix(text, "Package "+name+" "):
			return ""
		}
		return fmt.Sprintf("%s: the package comment begins with %q, and not with the package's name",
			s.at(s.file.Doc.Pos()), firstWords(text))
	}
	return fmt.Sprintf("%s: package %s has no comment that says what it is", files[0].name, name)
}

// firstWords returns the beginning of a text.
func firstWords(text string) string {
	f := strings.Fields(text)
	return strings.Join(f[:min(3, len(f))], " ")
}

// generated reports whether a program wrote the file.
func generated(s source) bool { return ast.IsGenerated(s.file) }

// checkLines returns what is wrong with the length of a file, or "".
func checkLines(s source, limit int) string {
	n := s.fset.File(s.file.FileStart).LineCount()
	if n <= limit || generated(s) {
		return ""
	}
	return fmt.Sprintf("%s has %d lines, more than %d: it does more than one job", s.name, n, limit)
}

// checkWords returns where a text has a word that it may not have.
func checkWords(name, text string) []string {
	var broken []string
	for _, rule := range wordRules {
		re := regexp.MustCompile(`\b` + rule.word + `\b`)
		for _, at := range re.FindAllStringIndex(text, -1) {
			line := 1 + strings.Count(text[:at[0]], "\n")
			broken = append(broken, fmt.Sprintf("%s:%d: %s: %s", name, line, rule.word, rule.why))
		}
	}
	return broken
}
