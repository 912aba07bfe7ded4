package funcs

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"sync"

	"github.com/gkhi/gkhi/internal/sitetab"
)

// Func describes a function with points, by number.
type Func struct {
	Name, Package, File string
	Line                int
	Points              []Point
}

// A Point is one of a function's points in the running program.
type Point struct {
	Return    bool
	InRange   bool
	Line      int
	Sites     []uintptr
	Unpatched int
}

// tables holds the site table, as it was read first and with arguments.
var tables struct {
	once, onceArgs sync.Once // and not sync.OnceValues, which brings functions and types of its own
	plain, args    *sitetab.Table
	err, errArgs   error
}

// table reads the site table, once.
func table() (*sitetab.Table, error) {
	tables.once.Do(func() { tables.plain, tables.err = readTable() })
	return tables.plain, tables.err
}

func readTable() (*sitetab.Table, error) {
	f, err := os.Open("/proc/self/exe") // the file that runs, also when it was replaced or removed since
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNone, err)
	}
	defer f.Close()
	t, err := sitetab.Read(f)
	switch {
	case errors.Is(err, sitetab.ErrNone):
		return nil, ErrNone
	case err != nil:
		return nil, err
	case t.Arch != runtime.GOARCH || t.Anchor == 0:
		return nil, errors.New("the site table is not of this program")
	}
	return t, nil
}

// ErrNone says that the program has no functions with points.
var ErrNone = errors.New("the program's functions have no points: it was not built by gkhi build, or with patterns that chose none")

// Len returns the number of functions; the error is ErrNone, or says what is wrong with the table.
func Len() (int, error) {
	t, err := table()
	if err != nil {
		return 0, err
	}
	return len(t.Funcs), nil
}

// ID identifies the program's text and sites; it is in its file too.
func ID() (id [16]byte, err error) {
	t, err := table()
	if err != nil {
		return id, err
	}
	return t.ID, nil
}

// Packages counts the packages that functions are of.
func Packages() int {
	t, err := table()
	if err != nil {
		return 0
	}
	seen := map[string]bool{}
	for i := range t.Funcs {
		seen[t.Funcs[i].Package] = true
	}
	return len(seen)
}

// Name returns the name of a function.
func Name(i int) string {
	t, err := table()
	if err != nil || i < 0 || i >= len(t.Funcs) {
		return ""
	}
	return t.Funcs[i].Name
}

// Get describes function i, which is below Len.
func Get(i int) Func {
	t, err := table()
	if err != nil {
		return Func{}
	}
	bias := bias(t)
	f := &t.Funcs[i]
	out := Func{Name: f.Name, Package: f.Package, File: f.File, Line: f.Line}
	for _, p := range f.Points {
		q := Point{Return: p.Kind == sitetab.Return, InRange: p.InRange, Line: p.Line, Unpatched: p.Unpatched}
		for _, addr := range p.Sites {
			q.Sites = append(q.Sites, uintptr(addr)+bias)
		}
		out.Points = append(out.Points, q)
	}
	return out
}

// bias is how far the program was loaded from where it was linked.
func bias(t *sitetab.Table) uintptr { return anchorPC() - uintptr(t.Anchor) }
