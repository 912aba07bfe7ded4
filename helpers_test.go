package gkhi

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// Hooks of programs are package-level variables and live as long as the program.
// Tests make theirs as they need them, with names that are used once, so that a
// test can run twice, and take them out of the registry when they end.

var testHooks atomic.Uint64

// uniqueName returns a hook's name that says which test it belongs to.
func uniqueName(t testing.TB) string {
	t.Helper()
	ok := func(r rune) rune {
		if r == '_' || r == '-' || r >= '0' && r <= '9' || r|0x20 >= 'a' && r|0x20 <= 'z' {
			return r
		}
		return '.'
	}
	return fmt.Sprintf("%s.%d", strings.Map(ok, t.Name()), testHooks.Add(1))
}

// undeclare takes a hook out of the registry when the test ends.
func undeclare(t testing.TB, name string) {
	t.Helper()
	t.Cleanup(func() {
		registry.mu.Lock()
		defer registry.mu.Unlock()
		r := registry.hooks[name]
		setArmed(r.handlers, false)
		for len(r.handlers) > 0 {
			r.remove(r.handlers[len(r.handlers)-1])
		}
		delete(registry.hooks, name)
	})
}

func newHook[T any](t testing.TB, opts ...HookOption) *Hook[T] {
	t.Helper()
	h := new(Hook[T])
	Declare(h, uniqueName(t), "for a test", opts...)
	undeclare(t, h.Name())
	return h
}

func newDecision[T, R any](t testing.TB, opts ...HookOption) *Decision[T, R] {
	t.Helper()
	d := new(Decision[T, R])
	DeclareDecision(d, uniqueName(t), "for a test", opts...)
	undeclare(t, d.Name())
	return d
}

// A registrar is a hook or a decision with handlers of type F.
type registrar[F any] interface {
	Register(name string, fn F, opts ...HandlerOption) (*Handler, error)
}

func register[F any](t testing.TB, at registrar[F], name string, fn F, opts ...HandlerOption) *Handler {
	t.Helper()
	h, err := at.Register(name, fn, opts...)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// armed is register and Arm.
func armed[F any](t testing.TB, at registrar[F], name string, fn F, opts ...HandlerOption) *Handler {
	t.Helper()
	h := register(t, at, name, fn, opts...)
	must(t, h.Arm())
	return h
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// wantError checks that err is one of the sentinel errors and has all of the
// texts in it.
func wantError(t testing.TB, err, is error, texts ...string) {
	t.Helper()
	if !errors.Is(err, is) {
		t.Errorf("error %v, want one that is %q", err, is)
		return
	}
	for _, text := range texts {
		if !strings.Contains(err.Error(), text) {
			t.Errorf("error %q doesn't say %q", err, text)
		}
	}
}

// A journal is what handlers write down, in order.
type journal []string

// note returns a handler that writes its name down.
func (j *journal) note(name string) func(int) Verdict {
	return func(int) Verdict { *j = append(*j, name); return Continue }
}

// take returns what was written since the last take, space separated.
func (j *journal) take() string {
	s := strings.Join(*j, " ")
	*j = nil
	return s
}

// quiet keeps panic reports from standard error for the length of a test and
// returns those that came.
func quiet(t testing.TB) *reports {
	t.Helper()
	r := new(reports)
	old := OnPanic(r.add)
	t.Cleanup(func() { OnPanic(old) })
	return r
}

type reports struct {
	mu  sync.Mutex
	all []*PanicReport
}

func (r *reports) add(p *PanicReport) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.all = append(r.all, p)
}

func (r *reports) take() []*PanicReport {
	r.mu.Lock()
	defer r.mu.Unlock()
	all := r.all
	r.all = nil
	return all
}

// eventually waits for something that other goroutines will bring about.
func eventually(t testing.TB, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); !ok(); {
		if time.Now().After(end) {
			t.Fatal("waited for half a minute")
		}
		time.Sleep(time.Millisecond)
	}
}

// registrationOf returns what the registry holds of a hook.
func registrationOf(name string) *registration {
	registry.mu.Lock()
	defer registry.mu.Unlock()
	return registry.hooks[name]
}
