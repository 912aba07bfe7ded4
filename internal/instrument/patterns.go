package instrument

import (
	"fmt"
	"strings"

	"github.com/gkhi/gkhi/internal/glob"
)

// Patterns choose functions by name.
//
// A pattern is an import path ("net/http", "github.com/x/y/..." for all
// below too), or a function's full name ("github.com/x/y.(*T).M", "net/http.*Serve*"), in
// both of which * and the rest of internal/glob's characters work; the [...] of what is generic may be left out. A function's
// closures are chosen with it. A pattern that begins with - leaves out what
// it matches. The last pattern that matches decides; when the first one is a
// -pattern, everything else is chosen.
//
// A pattern that has a dot behind its last slash could be either of a path and a name: it is tried as both.
type Patterns struct {
	rules []rule
	all   bool // what nothing matches is chosen
}

type rule struct {
	omit bool
	all  bool // also packages below
	glob *glob.Pattern
	base *glob.Pattern // all: without the /...
}

// ParsePatterns reads patterns. No patterns choose everything. An error quotes the bad pattern.
func ParsePatterns(list []string) (*Patterns, error) {
	p := &Patterns{all: len(list) == 0}
	for i, src := range list {
		text, omit := strings.CutPrefix(src, "-")
		if strings.HasPrefix(text, "./") || strings.HasPrefix(text, "../") || text == "." {
			return nil, fmt.Errorf("pattern %q: a folder means nothing here; give the import path", src)
		}
		r := rule{omit: omit}
		base, all := strings.CutSuffix(text, "/...")
		if text == "..." {
			base, all, text = "*", true, "*"
		}
		var err error
		if all {
			r.all = true
			if r.base, err = glob.Compile(base); err == nil {
				r.glob, err = glob.Compile(base + "/*")
			}
		} else {
			r.glob, err = glob.Compile(text)
		}
		if err != nil {
			return nil, fmt.Errorf("pattern %q: %w", src, err)
		}
		if i == 0 && omit {
			p.all = true
		}
		p.rules = append(p.rules, r)
	}
	return p, nil
}

// Match reports whether the function is chosen. outer is the name of the declared
// function that it is or is part of, such as pkg/path.(*T).M; name is its own, which differs for closures.
func (p *Patterns) Match(importPath, outer, name string) bool {
	if p == nil {
		return true
	}
	chosen := p.all
	for _, r := range p.rules {
		if r.match(importPath) || !r.all && (r.glob.Match(outer) || r.glob.Match(name)) {
			chosen = !r.omit
		}
	}
	return chosen
}

// about returns those rules that choose functions of one package by name, as far as that can be seen from the pattern.
func (p *Patterns) about(importPath string) (rs []rule) {
	if p == nil {
		return nil
	}
	for _, r := range p.rules {
		if !r.omit && !r.all && strings.HasPrefix(r.glob.String(), importPath+".") {
			rs = append(rs, r)
		}
	}
	return rs
}

func (r rule) match(path string) bool {
	return r.glob.Match(path) || r.base != nil && r.base.Match(path)
}

// MayMatch reports whether functions of a package can be chosen at all. It is for callers that decide which packages
// to look at: false is certain, true is not.
func (p *Patterns) MayMatch(importPath string) bool {
	if p == nil || p.all {
		return true
	}
	for _, r := range p.rules {
		if r.omit {
			continue
		}
		if r.match(importPath) || !r.all && r.glob.MayBegin(importPath+".") {
			return true
		}
	}
	return false
}
