package gkhi

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"

	"github.com/gkhi/gkhi/internal/failpoint"
)

// FailEnv is the environment variable that sets failpoints when a program
// starts to [Serve], or calls [FailFromEnv]:
//
//	GKHI_FAIL='kvd.commit-error=10%return("disk full");kvd.read-value=sleep(5ms)'
const FailEnv = "GKHI_FAIL"

// failpointName is the name of the handler that runs a failpoint's term.
const failpointName = "failpoint"

// ErrNotDecision says that a failpoint was meant for a hook that takes no answers.
var ErrNotDecision = errors.New("not a decision: only a gkhi.Decision can fail")

// failpoints holds the terms in force, by decision.
var failpoints = struct {
	mu sync.Mutex // taken before registry.mu
	on map[string]activeFailpoint
}{on: map[string]activeFailpoint{}}

type activeFailpoint struct {
	program *failpoint.Program
	handler *Handler
}

// Fail makes the decision of that name do what term says, from now on, in place of
// the term it had; an empty term or "off" takes it away. A term is a chain such as
//
//	30%return("disk full")->2*sleep(50ms)->off
//
// of actions with a probability or a count: off, return, return(value),
// panic("text"), sleep(time), delay(time), pause, yield, print("text"). The
// first one whose probability and count allow it happens. A value is a Go string
// or JSON and must fit the decision's result type; for an error it is the
// error's text. docs/failpoints.md has the whole language.
//
// What an earlier term left waiting (a pause, a sleep) goes on. Errors:
// [*UnknownError] with near names, [ErrNotDecision], or one that points into the term.
// Safe for concurrent use.
func Fail(name, term string) error {
	hook, err := Lookup(name)
	if err != nil {
		return err
	}
	registry.mu.Lock()
	r := registry.hooks[hook.Name()]
	registry.mu.Unlock()
	if r.bindFailpoint == nil {
		return fmt.Errorf("fail %s (a %s): %w", name, r.kind, ErrNotDecision)
	}
	var p *failpoint.Program
	if t := strings.TrimSpace(term); t != "" && t != "off" {
		if p, err = failpoint.Parse(t); err != nil {
			return fmt.Errorf("fail %s: %w", name, err)
		}
	}
	return setFailpoint(r, p)
}

// setFailpoint puts p, or nothing if it is nil, in the place of r's failpoint.
// When p does not fit, what was there stays.
func setFailpoint(r *registration, p *failpoint.Program) error {
	failpoints.mu.Lock()
	defer failpoints.mu.Unlock()
	old := failpoints.on[r.name]
	if p == nil {
		if old.handler != nil {
			old.handler.remove()
			delete(failpoints.on, r.name)
		}
		return nil
	}
	use, err := r.bindFailpoint(p)
	if err != nil {
		return fmt.Errorf("fail %s: %w", r.name, err)
	}
	h, err := use(old.handler)
	if err != nil {
		return fmt.Errorf("fail %s: %w", r.name, err)
	}
	if old.program != nil {
		old.program.Close() // who waits in it goes on
	}
	if err := h.Arm(); err != nil {
		h.remove()
		delete(failpoints.on, r.name)
		return fmt.Errorf("fail %s: %w", r.name, err)
	}
	failpoints.on[r.name] = activeFailpoint{p, h}
	return nil
}

// A Failpoint is a decision's term in force and what it has done.
type Failpoint struct {
	Name  string          // of the decision
	Term  string          // in canonical form
	Terms []FailpointTerm // of the chain, in order
	// Waiting is how many callers are paused or asleep in it.
	Waiting int
}

// A FailpointTerm is one term of a chain.
type FailpointTerm struct {
	Text  string // in canonical form
	Fired uint64 // how often
	Left  int64  // how often it may fire yet; -1 is no limit
}

// Failpoints lists the terms in force, ordered by name.
func Failpoints() []Failpoint {
	failpoints.mu.Lock()
	defer failpoints.mu.Unlock()
	var out []Failpoint
	for name, a := range failpoints.on {
		f := Failpoint{Name: name, Term: a.program.String(), Waiting: a.program.Waiting()}
		for _, t := range a.program.Stats() {
			ft := FailpointTerm{Text: t.Text, Fired: t.Fired, Left: -1}
			if t.Left != nil {
				ft.Left = *t.Left
			}
			f.Terms = append(f.Terms, ft)
		}
		out = append(out, f)
	}
	slices.SortFunc(out, func(a, b Failpoint) int { return strings.Compare(a.Name, b.Name) })
	return out
}

// ReleaseFailpoint lets everything go on that is paused or asleep in a
// decision's failpoint, which stays in force. The error is an [*UnknownError].
func ReleaseFailpoint(name string) error {
	if _, err := Lookup(name); err != nil {
		return err
	}
	failpoints.mu.Lock()
	defer failpoints.mu.Unlock()
	if a, ok := failpoints.on[name]; ok {
		a.program.Release()
	}
	return nil
}

// FailFromEnv sets the failpoints of the environment variable [FailEnv]. Every
// entry that is right is set; the error joins what is wrong with the others. [Serve] calls
// it; a program that serves no socket calls it itself, after its hooks are declared.
func FailFromEnv() error {
	list, err := failpoint.ParseList(os.Getenv(FailEnv))
	var errs []error
	if err != nil {
		errs = append(errs, fmt.Errorf("%s: %w", FailEnv, err))
	}
	for _, s := range list {
		if err := Fail(s.Name, s.Program.String()); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", FailEnv, err))
		}
	}
	return errors.Join(errs...)
}

// A FailpointError is what a term return("text") answers where a decision's
// result is an error, so that a test can tell it from a real one with errors.As.
type FailpointError = failpoint.Error

// failpointPanic is what a panic term panics with.
func failpointPanic(name, text string) string {
	if text == "" {
		return "gkhi: failpoint " + name
	}
	return text
}
