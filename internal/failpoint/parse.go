package failpoint

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"sync/atomic"
	"unicode/utf8"

	"github.com/gkhi/gkhi/internal/near"
)

// SyntaxError tells where a program's text is wrong.
type SyntaxError struct {
	Text   string // the whole text
	Column int    // in characters, from 1; one past the end when something is missing there
	Reason string
}

func (e *SyntaxError) Error() string {
	return fmt.Sprintf("failpoint term %q, column %d: %s", e.Text, e.Column, e.Reason)
}

// Parse reads a program. An error is a *SyntaxError. That values fit the decision they are meant for is
// checked by [Bind].
func Parse(text string) (*Program, error) {
	p := &parser{text: text}
	prog := &Program{gate: make(chan struct{})}
	if at := invalid(text); at >= 0 {
		return nil, p.errorf(at, "the text is not valid UTF-8 here")
	}
	for {
		t, err := p.term()
		if err != nil {
			return nil, err
		}
		prog.terms = append(prog.terms, t)
		p.blanks()
		if p.rest() == "" {
			prog.fired = make([]atomic.Uint64, len(prog.terms))
			return prog, nil
		}
		if !p.eat("->") {
			return nil, p.errorf(p.pos, `"->" and another term, or the end, should follow %s`, t.action)
		}
	}
}

// parser is a cursor over the text of a program.
type parser struct {
	text string
	pos  int
}

func (p *parser) rest() string { return p.text[p.pos:] }

func (p *parser) blanks() { p.pos += len(p.rest()) - len(strings.TrimLeft(p.rest(), " \t\r\n")) }

func (p *parser) eat(s string) bool {
	if !strings.HasPrefix(p.rest(), s) {
		return false
	}
	p.pos += len(s)
	return true
}

// run consumes the bytes that belong to the set.
func (p *parser) run(set func(byte) bool) string {
	start := p.pos
	for p.pos < len(p.text) && set(p.text[p.pos]) {
		p.pos++
	}
	return p.text[start:p.pos]
}

func (p *parser) errorf(at int, format string, args ...any) error {
	return &SyntaxError{
		Text:   p.text,
		Column: utf8.RuneCountInString(p.text[:at]) + 1,
		Reason: fmt.Sprintf(format, args...),
	}
}

// invalid is the offset of the first byte that is not UTF-8, or -1.
func invalid(text string) int {
	for i, r := range text {
		if r == utf8.RuneError {
			if _, width := utf8.DecodeRuneInString(text[i:]); width == 1 {
				return i
			}
		}
	}
	return -1
}

func isNumber(c byte) bool { return '0' <= c && c <= '9' || c == '.' }

func isWord(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c == '_' || '0' <= c && c <= '9'
}

// term reads one term, up to what follows its closing parenthesis.
func (p *parser) term() (t term, err error) {
	t = term{percent: always, chance: certain, count: unlimited}
	for {
		p.blanks()
		at := p.pos
		number := p.run(isNumber)
		if number == "" {
			break
		}
		p.blanks()
		switch {
		case p.eat("%"):
			err = p.probability(&t, number, at)
		case p.eat("*"):
			err = p.count(&t, number, at)
		default:
			err = p.errorf(at, "a number before an action is a probability (%[1]s%%) or a count (%[1]s*)", number)
		}
		if err != nil {
			return t, err
		}
	}
	at := p.pos
	word := p.run(isWord)
	if err := p.action(&t, word, at); err != nil {
		return t, err
	}
	p.blanks()
	open := p.pos
	if !p.eat("(") {
		if actions[t.action].arg == duration {
			return t, p.errorf(p.pos, "%s needs a time: %[1]s(50ms)", t.action)
		}
		return t, nil
	}
	p.blanks()
	if err := p.argument(&t); err != nil {
		return t, err
	}
	p.blanks()
	if !p.eat(")") {
		return t, p.errorf(p.pos, `")" is missing for the "(" in column %d`, utf8.RuneCountInString(p.text[:open])+1)
	}
	return t, nil
}

func (p *parser) probability(t *term, number string, at int) error {
	if t.percent != always {
		return p.errorf(at, "a term has one probability; this is the second")
	}
	percent, err := strconv.ParseFloat(number, 64)
	if err != nil {
		return p.errorf(at, "%s is not a number", number)
	}
	if percent > 100 {
		return p.errorf(at, "a probability of %s%% is more than 100%%", number)
	}
	t.percent = percent
	t.chance = uint64(math.Round(percent / 100 * certain))
	if t.chance == 0 && percent > 0 {
		return p.errorf(at, "a probability of %s%% is too small ever to fire; the smallest is about 1e-14%%", number)
	}
	return nil
}

func (p *parser) count(t *term, number string, at int) error {
	if t.count != unlimited {
		return p.errorf(at, "a term has one count; this is the second")
	}
	// 63 bits: what is left is reported as a signed number.
	n, err := strconv.ParseUint(number, 10, 63)
	switch {
	case errors.Is(err, strconv.ErrRange):
		return p.errorf(at, "a count of %s is too large; leave it out for no limit", number)
	case err != nil:
		return p.errorf(at, "%s is not a whole number", number)
	}
	t.count = n
	return nil
}

func (p *parser) action(t *term, word string, at int) error {
	for a := Off; int(a) < len(actions); a++ {
		if actions[a].name == word {
			t.action = a
			return nil
		}
	}
	all := strings.Join(actionNames(), ", ")
	if word == "" {
		return p.errorf(at, "an action is missing here: one of %s", all)
	}
	if q := near.Question(word, actionNames()); q != "" {
		return p.errorf(at, "%s: no such action; %s", word, q)
	}
	return p.errorf(at, "%s: no such action; there are %s", word, all)
}
