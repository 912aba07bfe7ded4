package archtest

import (
	"bytes"
	"fmt"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// A tree is the files of the module that people wrote.
type tree struct {
	root  string
	names []string // slash-separated, from the root, sorted
}

// walk finds the files below root. It leaves out fixtures, what git and CI keep
// for themselves, and programs that were built in place.
func walk(root string) (tree, error) {
	t := tree{root: root}
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, name)
		if err != nil {
			return err
		}
		rel = filepath.ToSlash(rel)
		switch {
		case d.IsDir() && (d.Name() == ".git" || d.Name() == "testdata" || rel == ".ci/out" || rel == "dist"):
			return fs.SkipDir
		case d.Type().IsRegular():
			t.names = append(t.names, rel)
		}
		return nil
	})
	return t, err
}

// read returns a file's text.
func (t tree) read(name string) (string, error) {
	b, err := os.ReadFile(filepath.Join(t.root, filepath.FromSlash(name)))
	return string(b), err
}

// exists reports whether a file or folder is there.
func (t tree) exists(name string) bool {
	_, err := os.Stat(filepath.Join(t.root, filepath.FromSlash(name)))
	return err == nil
}

// sources parses the Go files, tests too, and those of every platform.
func (t tree) sources() ([]source, error) {
	var all []source
	for _, name := range t.names {
		if path.Ext(name) != ".go" {
			continue
		}
		text, err := t.read(name)
		if err != nil {
			return nil, err
		}
		s, err := parse(name, text)
		if err != nil {
			return nil, err
		}
		all = append(all, s)
	}
	return all, nil
}

// parse parses one Go file, whose name gives its package.
func parse(name, text string) (source, error) {
	fset := token.NewFileSet()
	f, err := parser.ParseFile(fset, name, text, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return source{}, fmt.Errorf("parsing: %w", err)
	}
	return source{name: name, pkg: path.Join(module, path.Dir(name)), fset: fset, file: f}, nil
}

// isTest reports whether a file is a test's.
func isTest(s source) bool { return strings.HasSuffix(s.name, "_test.go") }

// isText reports whether a file's content is text.
func isText(content string) bool {
	return bytes.IndexByte([]byte(content[:min(len(content), 8000)]), 0) < 0
}
