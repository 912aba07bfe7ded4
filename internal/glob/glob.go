// Package glob matches names of hooks, handlers and functions against patterns.
//
// In a pattern * stands for any run of characters, dots and slashes included, ? for one character, [abc], [a-z] and [!a] or [^a] for
// one of a set, and \ takes the next character as it is. All else stands for itself.
//
// Go's own names are full of these characters: net/http.(*Server).Serve, slices.SortFunc[...]. So a name always
// matches itself, and [...] stands for itself, as the star in (*Server) does in effect. It may be left out, too:
// slices.SortFunc is that function. And a path's dots match where the name has them escaped, as in gopkg.in/yaml%2ev3.Marshal.
//
// Of several patterns ([Set]) those that begin with an exclamation mark leave names out: main.* !main.noisy*.
//
// Matching takes time in proportion to len(pattern)*len(name) at worst, never exponential.
package glob

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// MaxLen bounds a pattern's length in bytes.
const MaxLen = 1024

// Pattern is a compiled pattern. It is safe for concurrent use.
type Pattern struct {
	src     string
	ops     []op
	literal bool
	text    string // all that it stands for besides src, unless it has a star, a ? or a set
	fixed   bool   // that it has none
	not     bool   // of a Set: it leaves names out
}

type opKind uint8

const (
	opChar opKind = iota // one given character
	opAny                // ?
	opSet                // [...]
	opStar               // *
)

type op struct {
	kind   opKind
	char   rune
	negate bool
	ranges []runeRange
}

type runeRange struct{ lo, hi rune }

// A SyntaxError says what is wrong with a pattern, and where.
type SyntaxError struct {
	Pattern string
	Offset  int // in bytes
	Problem string
}

func (e *SyntaxError) Error() string {
	return fmt.Sprintf("bad pattern %q at offset %d: %s", e.Pattern, e.Offset, e.Problem)
}

// Compile reads a pattern. The error is a *[SyntaxError].
func Compile(pattern string) (*Pattern, error) {
	fail := func(offset int, problem string) (*Pattern, error) {
		return nil, &SyntaxError{Pattern: pattern, Offset: offset, Problem: problem}
	}
	switch {
	case pattern == "":
		return fail(0, "it is empty")
	case len(pattern) > MaxLen:
		pattern = pattern[:32] + "…"
		return fail(0, fmt.Sprintf("it is longer than %d bytes", MaxLen))
	case !utf8.ValidString(pattern):
		return fail(0, "it is not UTF-8")
	}
	p := &Pattern{src: pattern, literal: true, fixed: true}
	for i := 0; i < len(pattern); {
		r, n := utf8.DecodeRuneInString(pattern[i:])
		rest := pattern[i+n:]
		switch {
		case r == '*':
			if len(p.ops) == 0 || p.ops[len(p.ops)-1].kind != opStar {
				p.add(op{kind: opStar})
			}
			p.literal, p.fixed = false, false
		case r == '?':
			p.add(op{kind: opAny})
			p.literal, p.fixed = false, false
		case r == '\\':
			if rest == "" {
				return fail(i, `it ends in \`)
			}
			var c rune
			c, n2 := utf8.DecodeRuneInString(rest)
			p.add(op{kind: opChar, char: c})
			n += n2
			p.literal = false // src differs from what it stands for
		case r == '[' && strings.HasPrefix(rest, "...]"):
			for _, c := range "[...]" {
				p.add(op{kind: opChar, char: c})
			}
			n = len("[...]")
		case r == '[':
			set, size, problem := parseSet(rest)
			if problem != "" {
				return fail(i, problem)
			}
			p.add(set)
			n += size
			p.literal, p.fixed = false, false
		default:
			p.add(op{kind: opChar, char: r})
		}
		i += n
	}
	if p.fixed { // as names that were quoted are: of those there may be many in a set
		var text []byte
		for i := range p.ops {
			text = utf8.AppendRune(text, p.ops[i].char)
		}
		p.text = string(text)
	}
	return p, nil
}

// add is not inlined, since it is called in so many places of what programs link.
//
//go:noinline
func (p *Pattern) add(o op) { p.ops = append(p.ops, o) }

// Quote returns a pattern that matches this name and, if nothing else has the name of the pattern, no other.
func Quote(name string) string {
	if !strings.ContainsAny(name, `*?[\`) {
		return name
	}
	var b strings.Builder
	for _, r := range name {
		if strings.ContainsRune(`*?[\`, r) {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}

// parseSet reads what follows an opening bracket, up to and with the closing one.
func parseSet(s string) (set op, size int, problem string) {
	set.kind = opSet
	i := 0
	if strings.HasPrefix(s, "!") || strings.HasPrefix(s, "^") {
		set.negate = true
		i = 1
	}
	char := func() (rune, bool) {
		if i < len(s) && s[i] == '\\' {
			i++
		}
		if i >= len(s) {
			return 0, false
		}
		r, n := utf8.DecodeRuneInString(s[i:])
		i += n
		return r, true
	}
	for first := true; ; first = false {
		if i >= len(s) {
			return set, 0, "a [ with no ]"
		}
		if s[i] == ']' {
			if first {
				return set, 0, "an empty set"
			}
			return set, i + 1, ""
		}
		lo, ok := char()
		if !ok {
			return set, 0, "a [ with no ]"
		}
		hi := lo
		if i+1 < len(s) && s[i] == '-' && s[i+1] != ']' {
			i++
			if hi, ok = char(); !ok {
				return set, 0, "a [ with no ]"
			}
		}
		if hi < lo {
			return set, 0, fmt.Sprintf("the range %c-%c is backwards", lo, hi)
		}
		set.ranges = append(set.ranges, runeRange{lo, hi})
	}
}

// String returns the pattern as it was written.
func (p *Pattern) String() string {
	if p.not {
		return "!" + p.src
	}
	return p.src
}

// Literal reports whether the pattern stands for one name only: its own text.
func (p *Pattern) Literal() bool { return p.literal }

// Match reports whether the whole of name matches, as it is or as people write it.
func (p *Pattern) Match(name string) bool {
	if p.match(name) {
		return true
	}
	if p.fixed && !p.mayBePlain(name) { // there may be many such
		return false
	}
	plain, changed := plain(name)
	return changed && p.match(plain)
}

// mayBePlain reports whether a name that isn't the text of a fixed pattern could be when it is written plainly.
func (p *Pattern) mayBePlain(name string) bool {
	if len(name) <= len(p.text) {
		return false
	}
	i := 0
	for i < len(p.text) && name[i] == p.text[i] {
		i++
	}
	return name[i] == '[' || name[i] == '%'
}

// plain is a function's name as people write it: without the [...] of what is generic, and without the escapes of paths, %2e.
func plain(name string) (text string, changed bool) {
	if !strings.Contains(name, "[...]") && strings.IndexByte(name, '%') < 0 {
		return name, false
	}
	b := []byte(name)
	n := 0
	for i := 0; i < len(name); i++ {
		c := name[i]
		switch {
		case c == '[' && strings.HasPrefix(name[i:], "[...]"):
			i += len("[...]") - 1
			continue
		case c == '%' && i+2 < len(name):
			if hi, lo := strings.IndexByte(hex, name[i+1]), strings.IndexByte(hex, name[i+2]); hi >= 0 && lo >= 0 {
				c = byte(hi<<4 | lo)
				i += 2
			}
		}
		b[n] = c
		n++
	}
	return string(b[:n]), n < len(name)
}

const hex = "0123456789abcdef"

// MayBegin reports whether any name that begins with prefix can match.
func (p *Pattern) MayBegin(prefix string) bool {
	if strings.HasPrefix(p.src, prefix) {
		return true
	}
	at := make([]bool, len(p.ops)+1) // which of ops may be next
	at[0] = true
	for _, r := range prefix {
		next := make([]bool, len(at))
		some := false
		for i := range p.ops {
			o := &p.ops[i]
			if !at[i] {
				continue
			}
			if o.kind == opStar {
				at[i+1], next[i], some = true, true, true
			} else if o.matches(r) {
				next[i+1], some = true, true
			}
		}
		if !some {
			return false
		}
		at = next
	}
	return true
}

func (p *Pattern) match(name string) bool {
	if name == p.src {
		return true
	}
	if p.fixed {
		return name == p.text
	}
	// One star is remembered at a time: to let an earlier one take more can't help where the later one fails.
	i, j := 0, 0 // in ops, in name
	star, mark := -1, 0
	for j < len(name) {
		if i < len(p.ops) {
			o := &p.ops[i]
			if o.kind == opStar {
				star, mark = i, j
				i++
				continue
			}
			if r, n := utf8.DecodeRuneInString(name[j:]); o.matches(r) {
				i++
				j += n
				continue
			}
		}
		if star < 0 {
			return false
		}
		_, n := utf8.DecodeRuneInString(name[mark:])
		mark += n
		i, j = star+1, mark
	}
	for i < len(p.ops) && p.ops[i].kind == opStar {
		i++
	}
	return i == len(p.ops)
}

func (o *op) matches(r rune) bool {
	switch o.kind {
	case opChar:
		return r == o.char
	case opSet:
		for _, rg := range o.ranges {
			if rg.lo <= r && r <= rg.hi {
				return !o.negate
			}
		}
		return o.negate
	}
	return true
}
