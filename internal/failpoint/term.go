package failpoint

import (
	"bytes"
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Action is what a term does when it fires.
type Action uint8

// The actions. None is no action at all: no term fired.
const (
	None Action = iota
	Off
	Return
	Panic
	Sleep
	Delay
	Pause
	Yield
	Print
)

// argument is the kind of argument that an action takes.
type argument uint8

const (
	noArgument   argument = iota
	optionalText          // a Go string literal
	optionalJSON          // a Go string literal or a JSON value
	duration              // Go syntax or whole milliseconds
)

// actions describes the actions, in the order in which errors list them.
var actions = [...]struct {
	name string
	arg  argument
}{
	None:   {"none", noArgument},
	Off:    {"off", noArgument},
	Return: {"return", optionalJSON},
	Panic:  {"panic", optionalText},
	Sleep:  {"sleep", duration},
	Delay:  {"delay", duration},
	Pause:  {"pause", noArgument},
	Yield:  {"yield", noArgument},
	Print:  {"print", optionalText},
}

// String returns the action's name in the language, "none" for None.
func (a Action) String() string {
	if int(a) < len(actions) {
		return actions[a].name
	}
	return "action " + strconv.Itoa(int(a))
}

// actionNames lists what may be written in a term.
func actionNames() []string {
	names := make([]string, 0, len(actions)-1)
	for _, a := range actions[Off:] {
		names = append(names, a.name)
	}
	return names
}

const (
	// unlimited is the count of a term without one.
	unlimited = math.MaxUint64
	// certain is the chance of a term without a probability: the random number has 53 bits, the most
	// that a float64 between 0 and 1 is exact for.
	certain = 1 << 53
	// always is the percent of a term without a probability, which differs from a written 100%.
	always = -1
)

// term is one term of a program. It does not change after Parse.
type term struct {
	action  Action
	percent float64         // as written, or always
	chance  uint64          // fires if a random number of 53 bits is below it
	count   uint64          // times it may fire; unlimited without a count
	value   json.RawMessage // Return: what to answer with, compact; nil if nothing is written
	text    string          // Panic, Print
	dur     time.Duration   // Sleep, Delay
}

// Program is a parsed chain of terms with the counts of what has fired. Make one with [Parse]; its
// methods may be called from any goroutine.
type Program struct {
	// Random returns uniformly distributed bits; nil means math/rand/v2. Print receives the text of a
	// print term, without a newline; nil means a line to standard error. Both are called from the
	// goroutines that evaluate, and must not be changed once those have begun.
	Random func() uint64
	Print  func(text string)

	terms   []term
	fired   []atomic.Uint64 // beside terms
	closed  atomic.Bool
	waiting atomic.Int64

	mu   sync.Mutex
	gate chan struct{} // closed by Release, which makes the next one, and by Close, which does not
}

// String returns the program in its canonical form: no blanks, the probability before the count, times in
// Go's syntax, texts in double quotes, JSON without blanks. Parse accepts it and gives an equal program.
func (p *Program) String() string {
	var b strings.Builder
	for i := range p.terms {
		if i > 0 {
			b.WriteString("->")
		}
		p.terms[i].write(&b)
	}
	return b.String()
}

func (t *term) write(b *strings.Builder) {
	if t.percent != always {
		b.WriteString(strconv.FormatFloat(t.percent, 'f', -1, 64))
		b.WriteByte('%')
	}
	if t.count != unlimited {
		b.WriteString(strconv.FormatUint(t.count, 10))
		b.WriteByte('*')
	}
	b.WriteString(t.action.String())
	switch {
	case t.value != nil:
		b.WriteByte('(')
		b.WriteString(literal(t.value))
		b.WriteByte(')')
	case t.text != "":
		b.WriteByte('(')
		b.WriteString(strconv.Quote(t.text))
		b.WriteByte(')')
	case actions[t.action].arg == duration:
		b.WriteByte('(')
		b.WriteString(t.dur.String())
		b.WriteByte(')')
	}
}

func (t *term) String() string {
	var b strings.Builder
	t.write(&b)
	return b.String()
}

// literal is a value as it is written in a term: a Go string literal if it is a string.
func literal(value json.RawMessage) string {
	if bytes.HasPrefix(value, []byte{'"'}) {
		var s string
		if json.Unmarshal(value, &s) == nil {
			return strconv.Quote(s)
		}
	}
	return string(value)
}

// TermStat is the state of one term.
type TermStat struct {
	Text   string `json:"term"`           // the term in canonical form
	Action string `json:"action"`         // the action's name
	Fired  uint64 `json:"fired"`          // how often it fired
	Left   *int64 `json:"left,omitempty"` // how often it may fire yet; nil without a count
}

// Stats returns the state of each term, in order. Counts of different terms may be from slightly different
// moments.
func (p *Program) Stats() []TermStat {
	stats := make([]TermStat, len(p.terms))
	for i := range p.terms {
		t := &p.terms[i]
		s := &stats[i]
		s.Text, s.Action, s.Fired = t.String(), t.action.String(), p.fired[i].Load()
		if t.count != unlimited {
			left := int64(t.count - s.Fired)
			s.Left = &left
		}
	}
	return stats
}
