// Package inliner reads what the Go compiler says about inlining when it is run with -m=2: which
// functions it inlines, and what each costs. It is for internal/toolexec, which decides by it which functions are
// worth a point.
//
// The lines are meant for people and are promised to nobody. What is not understood is passed over, so that
// a function is not known, and the caller falls back to an estimate. TestCompiler holds the package against the compiler at hand.
//
// All verdicts are printed before anything about escape analysis, when less than a fifth of a compiler's work is done:
// [Read] stops there, and the compiler can be ended.
package inliner

import (
	"bufio"
	"errors"
	"io"
	"path/filepath"
	"strconv"
	"strings"
)

// A Verdict is what the compiler says of one function.
type Verdict struct {
	// Cost is in the inliner's units, nodes of the syntax tree; 0 where it gave up
	// before it had counted.
	Cost int

	// CanInline is whether calls of the function are inlined, where it is known what is called.
	CanInline bool

	// Inlined is whether the compiler has inlined at least one call in this package. A
	// function literal that is deferred, started or stored may be inlined, and never is.
	Inlined bool
}

// A place is the first token behind the func keyword of a declaration, or the func keyword of a literal.
type place struct {
	file      string // without its folder, which the compiler may print in several ways
	line, col int    // col is 0 where a //line comment hides it
}

// Verdicts are those of one package.
type Verdicts struct {
	byPlace map[place]*Verdict
	byName  map[string]*Verdict
}

// At returns the verdict on the function at a place, and whether there is one.
func (v *Verdicts) At(file string, line, col int) (Verdict, bool) {
	p := place{filepath.Base(file), line, col}
	found := v.byPlace[p]
	if found == nil {
		p.col = 0
		found = v.byPlace[p]
	}
	if found == nil {
		return Verdict{}, false
	}
	return *found, true
}

// Len returns how many functions are known.
func (v *Verdicts) Len() int { return len(v.byPlace) }

// escapes are what lines of escape analysis have, which comes behind inlining.
var escapes = []string{" does not escape", " escapes to heap", "leaking param", " leaks to ", "moved to heap: "}

// Read reads what the compiler prints, up to the first line of escape analysis or the end. What it returns beside an
// error is what was read before.
func Read(r io.Reader) (*Verdicts, error) {
	v := &Verdicts{byPlace: map[place]*Verdict{}, byName: map[string]*Verdict{}}
	lines := bufio.NewReaderSize(r, 64<<10)
	for {
		line, err := lines.ReadSlice('\n')
		long := errors.Is(err, bufio.ErrBufferFull)
		if !v.line(string(line)) {
			return v, nil
		}
		for errors.Is(err, bufio.ErrBufferFull) { // the source of a function that can be inlined
			_, err = lines.ReadSlice('\n')
		}
		if errors.Is(err, io.EOF) {
			return v, nil
		}
		if err != nil && !long {
			return v, err
		}
	}
}

// line takes in one line, and reports whether there can be more verdicts behind it.
func (v *Verdicts) line(line string) bool {
	pos, text, ok := strings.Cut(line, ": ")
	if !ok {
		return true
	}
	switch text = strings.TrimSpace(text); {
	case strings.HasPrefix(text, "can inline "):
		name, rest, ok := strings.Cut(text[len("can inline "):], " with cost ")
		if cost, _, _ := strings.Cut(rest, " "); ok {
			v.add(pos, name, Verdict{Cost: number(cost), CanInline: true})
		}
	case strings.HasPrefix(text, "cannot inline "):
		name, why, ok := strings.Cut(text[len("cannot inline "):], ": ")
		if ok {
			_, cost, _ := strings.Cut(why, "cost ")
			cost, _, _ = strings.Cut(cost, " ")
			v.add(pos, name, Verdict{Cost: number(cost)})
		}
	case strings.HasPrefix(text, "inlining call to "):
		if f := v.byName[text[len("inlining call to "):]]; f != nil {
			f.Inlined = true
		}
	default:
		for _, e := range escapes {
			if strings.Contains(text, e) {
				return false
			}
		}
	}
	return true
}

// add notes a verdict. Of the copies of a function that inlining and instantiation make, the first
// tells the cost, and one that can be inlined counts for all.
//
// G[int] at the place of a generic function G is not one of them: it is a wrapper that calls G[go.shape.int] and nothing else,
// so it is always inlined, whatever G is like.
func (v *Verdicts) add(pos, name string, verdict Verdict) {
	p, ok := parsePlace(pos)
	if !ok || strings.Contains(name, "[") && !strings.Contains(name, "go.shape.") {
		return
	}
	f := v.byPlace[p]
	if f == nil {
		f = &verdict
		v.byPlace[p] = f
	} else {
		f.CanInline = f.CanInline || verdict.CanInline
	}
	v.byName[name] = f
}

// parsePlace reads "dir/file.go:12:6", or "file.go:12".
func parsePlace(s string) (place, bool) {
	head, last, ok := cutLast(s)
	if !ok {
		return place{}, false
	}
	if file, line, ok := cutLast(head); ok {
		return place{filepath.Base(file), line, last}, true
	}
	return place{filepath.Base(head), last, 0}, true
}

// cutLast cuts a number off that stands behind the last colon.
func cutLast(s string) (head string, n int, ok bool) {
	at := strings.LastIndexByte(s, ':')
	if at < 1 {
		return "", 0, false
	}
	n = number(s[at+1:])
	return s[:at], n, n > 0
}

// number reads a small positive number, or returns 0.
func number(s string) int {
	n, err := strconv.ParseUint(s, 10, 31)
	if err != nil {
		return 0
	}
	return int(n)
}
