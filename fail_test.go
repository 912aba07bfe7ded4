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

// unfail takes a failpoint away when the test ends.
func unfail(t *testing.T, name string) {
	t.Helper()
	t.Cleanup(func() {
		if err := Fail(name, "off"); err != nil {
			t.Error(err)
		}
	})
}

func fail(t *testing.T, name, term string) {
	t.Helper()
	if err := Fail(name, term); err != nil {
		t.Fatal(err)
	}
}

// answers sets a term on a decision of result type R and returns what one event gets.
func answers[R any](t *testing.T, term string) (r R, decided bool, err error) {
	t.Helper()
	d := newDecision[int, R](t)
	if err := Fail(d.Name(), term); err != nil {
		return r, false, err
	}
	unfail(t, d.Name())
	r, decided = d.Fire(1)
	return r, decided, nil
}

type failedRead struct {
	Code int
	Text string
}

func TestFailReturns(t *testing.T) {
	t.Run("error", func(t *testing.T) {
		err, ok, bad := answers[error](t, `return("disk full")`)
		var injected *FailpointError
		if bad != nil || !ok || err.Error() != "disk full" || !errors.As(err, &injected) {
			t.Errorf("%v, %v, %v", err, ok, bad)
		}
	})
	t.Run("error without text", func(t *testing.T) {
		err, ok, bad := answers[error](t, `return`)
		if bad != nil || !ok || err == nil {
			t.Errorf("%v, %v, %v", err, ok, bad)
		}
	})
	t.Run("string", func(t *testing.T) { returns(t, `return("text")`, "text") })
	t.Run("raw string", func(t *testing.T) { returns(t, "return(`a\"b`)", `a"b`) })
	t.Run("int", func(t *testing.T) { returns(t, `return(-7)`, -7) })
	t.Run("zero", func(t *testing.T) { returns(t, `return`, 0) })
	t.Run("bool", func(t *testing.T) { returns(t, `return(true)`, true) })
	t.Run("duration", func(t *testing.T) { returns(t, `return("50ms")`, 50*time.Millisecond) })
	t.Run("struct", func(t *testing.T) {
		returns(t, `return({"Code": 404, "Text": "gone"})`, failedRead{404, "gone"})
	})
	t.Run("nothing", func(t *testing.T) { returns(t, `return`, struct{}{}) })
	t.Run("print, yield, sleep and delay don't decide", func(t *testing.T) {
		for _, term := range []string{"yield", "sleep(0s)", "delay(1us)", "0*return", "0%return"} {
			if _, ok, err := answers[int](t, term); ok || err != nil {
				t.Errorf("%s: decided %v, %v", term, ok, err)
			}
		}
	})
}

func returns[R comparable](t *testing.T, term string, want R) {
	t.Helper()
	got, ok, err := answers[R](t, term)
	if err != nil || !ok || got != want {
		t.Errorf("%s: %v, %v, %v; want %v", term, got, ok, err, want)
	}
}

func TestFailRefuses(t *testing.T) {
	d := newDecision[int, int](t)
	h := newHook[int](t)
	for _, tt := range []struct {
		name, term string
		saying     []string
	}{
		{d.Name(), "retrun(1)", []string{d.Name(), "return"}},
		{d.Name(), "return(1", []string{d.Name()}},
		{d.Name(), "200%return", []string{d.Name(), "200"}},
		{d.Name(), `return("text")`, []string{d.Name(), `"text"`, "int"}},
		{d.Name(), "sleep", []string{d.Name(), "time"}},
		{h.Name(), "return", []string{h.Name(), "a hook", "not a decision"}},
		{d.Name() + "x", "return", []string{"did you mean " + d.Name()}},
	} {
		err := Fail(tt.name, tt.term)
		if err == nil {
			t.Errorf("%s=%s: no error", tt.name, tt.term)
			continue
		}
		for _, text := range tt.saying {
			if !strings.Contains(err.Error(), text) {
				t.Errorf("%s=%s: %q doesn't say %q", tt.name, tt.term, err, text)
			}
		}
	}
	wantError(t, Fail(h.Name(), "return"), ErrNotDecision)
	wantError(t, Fail("no.such.hook", "return"), ErrUnknown)
	if d.Armed() || len(d.Info().Handlers) != 0 {
		t.Error("an error left something behind")
	}
	// What is in force stays when the next term is wrong.
	fail(t, d.Name(), "return(5)")
	unfail(t, d.Name())
	for _, term := range []string{"retrun(1)", `return("text")`} {
		if Fail(d.Name(), term) == nil {
			t.Errorf("%s: no error", term)
		}
		if r, ok := d.Fire(0); r != 5 || !ok {
			t.Errorf("after %s the term that was in force answers %v, %v", term, r, ok)
		}
	}
}

func TestFailOff(t *testing.T) {
	d := newDecision[int, int](t)
	for _, off := range []string{"off", "", " off ", "  "} {
		fail(t, d.Name(), "return(1)")
		if _, ok := d.Fire(0); !ok || !d.Armed() {
			t.Errorf("not in force")
		}
		fail(t, d.Name(), off)
		if _, ok := d.Fire(0); ok || d.Armed() || len(d.Info().Handlers) != 0 {
			t.Errorf("%q leaves it in force", off)
		}
		fail(t, d.Name(), off) // once more is no error
	}
}

// The name of a failpoint's handler, and an exclusive decision, may be taken.
func TestFailTaken(t *testing.T) {
	d := newDecision[int, int](t)
	h := register(t, d, "failpoint", func(int) (int, bool) { return 1, true })
	wantError(t, Fail(d.Name(), "return(2)"), ErrDuplicate, d.Name())
	must(t, h.Deregister(t.Context()))
	fail(t, d.Name(), "return(2)")
	unfail(t, d.Name())

	e := newDecision[int, int](t, Exclusive())
	h = register(t, e, "mine", func(int) (int, bool) { return 1, true })
	wantError(t, Fail(e.Name(), "return(2)"), ErrExclusive, "mine")
	must(t, h.Deregister(t.Context()))
	fail(t, e.Name(), "return(2)")
	unfail(t, e.Name())
	fail(t, e.Name(), "return(3)") // it takes its own place
	if r, ok := e.Fire(0); r != 3 || !ok {
		t.Errorf("%v, %v", r, ok)
	}
}

// Counts hold exactly when goroutines share them, and Failpoints tells them.
func TestFailCounts(t *testing.T) {
	d := newDecision[int, string](t)
	fail(t, d.Name(), `100*off->2*return("a")->50*return("b")->yield`)
	unfail(t, d.Name())
	var a, b, none atomic.Int64
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			for range 50 {
				switch r, _ := d.Fire(0); r {
				case "a":
					a.Add(1)
				case "b":
					b.Add(1)
				default:
					none.Add(1)
				}
			}
		})
	}
	wg.Wait()
	if a.Load() != 2 || b.Load() != 50 || none.Load() != 800-52 {
		t.Errorf("a %d, b %d, none %d times", a.Load(), b.Load(), none.Load())
	}
	f := failpointOf(t, d.Name())
	if f.Term != `100*off->2*return("a")->50*return("b")->yield` || f.Waiting != 0 {
		t.Errorf("%+v", f)
	}
	want := []FailpointTerm{{`100*off`, 100, 0}, {`2*return("a")`, 2, 0}, {`50*return("b")`, 50, 0}, {"yield", 648, -1}}
	if fmt.Sprint(f.Terms) != fmt.Sprint(want) {
		t.Errorf("terms %v, want %v", f.Terms, want)
	}
}

// failpointOf returns the failpoint in force on a decision.
func failpointOf(t *testing.T, name string) Failpoint {
	t.Helper()
	for _, f := range Failpoints() {
		if f.Name == name {
			return f
		}
	}
	t.Fatalf("no failpoint on %s", name)
	return Failpoint{}
}

func TestFailpointsOrder(t *testing.T) {
	if got := Failpoints(); len(got) != 0 {
		t.Errorf("%d failpoints in force before", len(got))
	}
	for _, name := range []string{"failorder.b", "failorder.a", "failorder.c"} {
		DeclareDecision(new(Decision[int, int]), name, "")
		undeclare(t, name)
		fail(t, name, "return(1)")
		unfail(t, name)
	}
	var names []string
	for _, f := range Failpoints() {
		names = append(names, f.Name)
	}
	if got := strings.Join(names, " "); got != "failorder.a failorder.b failorder.c" {
		t.Error(got)
	}
}

// A panic term panics in the program, which recovers it or not, and nothing of
// the event is left in flight.
func TestFailPanics(t *testing.T) {
	d := newDecision[int, int](t)
	before := armed(t, d, "before", func(int) (int, bool) { return 0, false }, First())
	after := armed(t, d, "after", func(int) (int, bool) { return 0, false }, Last())
	for term, want := range map[string]string{`panic("boom")`: "boom", "panic": "gkhi: failpoint " + d.Name()} {
		fail(t, d.Name(), term)
		for range 100 { // more than there are slots in a block
			if got := panicOf(func() { d.Fire(0) }); got != want {
				t.Fatalf("%s: panicked with %v, want %q", term, got, want)
			}
		}
	}
	if !d.Armed() || before.Calls() != 200 || after.Calls() != 0 {
		t.Errorf("armed %v; the handler before ran %d times, the one after %d", d.Armed(), before.Calls(), after.Calls())
	}
	if hi := d.Info().Handlers[1]; hi.Name != "failpoint" || !hi.Armed || hi.Panics != 0 || hi.InFlight != 0 {
		t.Errorf("%+v", hi)
	}
	// Also when the event got there past a handler that panicked by mistake.
	quiet(t)
	fail(t, d.Name(), `panic("boom")`)
	bad := armed(t, d, "bad", func(int) (int, bool) { panic("mistake") }, Priority(1))
	for range 2 {
		if got := panicOf(func() { d.Fire(0) }); got != "boom" {
			t.Errorf("after another panic: %v", got)
		}
	}
	if bad.Panics() != 1 || bad.Armed() {
		t.Errorf("%d panics of the other, armed %v", bad.Panics(), bad.Armed())
	}
	wantNoneInFlight(t, d.reg.Load())

	fail(t, d.Name(), "off")
	for _, h := range []*Handler{before, after} {
		if err := h.Deregister(t.Context()); err != nil {
			t.Error(err)
		}
	}
}
