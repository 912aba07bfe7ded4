package gkhi

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

func explode(v any) Verdict { panic(v) }

func TestPanic(t *testing.T) {
	got := quiet(t)
	h := newHook[int](t)
	var called journal
	armed(t, h, "before", called.note("before"))
	bad := armed(t, h, "bad", func(int) Verdict { return explode("boom") })
	armed(t, h, "after", called.note("after"))
	armed(t, h, "last", func(int) Verdict { called.note("last")(0); return Stop })

	start := time.Now()
	if v := h.Fire(1); v != Stop {
		t.Errorf("Fire returned %v, want what the last handler said", v)
	}
	if got := called.take(); got != "before after last" {
		t.Errorf("called %q", got)
	}
	if bad.Armed() || bad.Panics() != 1 || bad.Calls() != 1 {
		t.Errorf("armed %v, %d panics, %d calls", bad.Armed(), bad.Panics(), bad.Calls())
	}
	all := got.take()
	if len(all) != 1 {
		t.Fatalf("%d reports", len(all))
	}
	r := all[0]
	if r.Hook != h.Name() || r.Handler != "bad" || r.Value != "boom" || r.Time.Before(start) {
		t.Errorf("%+v", r)
	}
	for _, text := range []string{"explode", "panics_test.go"} {
		if !strings.Contains(string(r.Stack), text) {
			t.Errorf("the stack doesn't show %s:\n%s", text, r.Stack)
		}
	}
	want := "gkhi: handler " + h.Name() + "/bad panicked and is disarmed: boom\n"
	if s := r.String(); !strings.HasPrefix(s, want) || !strings.Contains(s, "explode") {
		t.Errorf("reads %q, want it to begin with %q", s, want)
	}
	hi := h.Info().Handlers[1]
	if hi.Panics != 1 || hi.LastPanic != r || hi.Armed || hi.InFlight != 0 {
		t.Errorf("Info: %+v", hi)
	}

	h.Fire(2)
	if got := called.take(); got != "before after last" || bad.Calls() != 1 {
		t.Errorf("the next event: called %q, the one that panicked %d times in all", got, bad.Calls())
	}
	must(t, bad.Arm()) // it may be given another chance
	h.Fire(3)
	if bad.Panics() != 2 || bad.Armed() {
		t.Errorf("armed again: %d panics, armed %v", bad.Panics(), bad.Armed())
	}
	for _, h := range []*Handler{bad} {
		must(t, h.Deregister(t.Context()))
	}
}

// Handlers may panic wherever they stand, several of them in one event.
func TestPanicsInARow(t *testing.T) {
	for _, pattern := range []string{"p", "pp", "ppp", "p.", ".p", "p.p.p", "..pp..", "pppppppppppppppppppp"} {
		got := quiet(t)
		h := newHook[int](t)
		d := newDecision[int, string](t)
		calls, bad := 0, 0
		for i, c := range pattern {
			if c == 'p' {
				bad++
			}
			act := func() {
				if c == 'p' {
					panic(i)
				}
				calls++
			}
			armed(t, h, fmt.Sprint(i), func(int) Verdict { act(); return Continue })
			armed(t, d, fmt.Sprint(i), func(int) (string, bool) { act(); return "x", false })
		}
		if v := h.Fire(0); v != Continue {
			t.Errorf("%s: Fire returned %v", pattern, v)
		}
		if r, ok := d.Fire(0); r != "" || ok {
			t.Errorf("%s: the decision answers %q, %v", pattern, r, ok)
		}
		if calls != 2*(len(pattern)-bad) {
			t.Errorf("%s: the others were called %d times", pattern, calls)
		}
		var values []string
		for _, r := range got.take() {
			values = append(values, fmt.Sprint(r.Value))
		}
		if len(values) != 2*bad {
			t.Errorf("%s: reports of %q", pattern, values)
		}
		wantNoneInFlight(t, h.reg.Load())
		wantNoneInFlight(t, d.reg.Load())
	}
}

// wantNoneInFlight checks that every slot of a hook is free.
func wantNoneInFlight(t testing.TB, r *registration) {
	t.Helper()
	registry.mu.Lock()
	defer registry.mu.Unlock()
	if r.slots == nil {
		return
	}
	r.slots.each(func(_ *slot, m mark) {
		t.Errorf("%s: a slot is in use: generation %d, position %d", r.name, m.gen(), m.position())
	})
}

func TestPanicValues(t *testing.T) {
	got := quiet(t)
	h := newHook[int](t)
	for name, tt := range map[string]struct {
		f    func()
		want string
	}{
		"error":   {func() { panic(ErrExclusive) }, ErrExclusive.Error()},
		"nil":     {func() { panic(nil) }, "panic called with nil argument"},
		"runtime": {func() { _ = []int{}[len(os.Args)] }, "index out of range"},
		"nested": {func() {
			defer func() { panic(fmt.Sprint("second after ", recover())) }()
			panic("first")
		}, "second after first"},
	} {
		f := tt.f
		x := armed(t, h, name, func(int) Verdict { f(); return Continue })
		h.Fire(0)
		all := got.take()
		if len(all) != 1 || !strings.Contains(fmt.Sprint(all[0].Value), tt.want) || x.Panics() != 1 {
			t.Errorf("%s: %v", name, all)
		}
	}
}

// A handler that ends its goroutine takes that away from the program; all else is
// as after a panic.
func TestGoexit(t *testing.T) {
	for _, tt := range []struct{ name, handlers, called string }{
		{"only", "x", ""},
		{"first", "xa", ""},
		{"last", "ax", "a"},
		{"in the middle", "axb", "a"},
		{"after a panic", "pxa", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := quiet(t)
			h := newHook[int](t)
			d := newDecision[int, int](t)
			var called journal
			var bad []*Handler
			for _, c := range tt.handlers {
				act := func() {
					switch c {
					case 'x':
						runtime.Goexit()
					case 'p':
						panic("p")
					default:
						called = append(called, string(c))
					}
				}
				x := armed(t, h, string(c), func(int) Verdict { act(); return Continue })
				y := armed(t, d, string(c), func(int) (int, bool) { act(); return 0, false })
				if c == 'x' {
					bad = append(bad, x, y)
				}
			}
			for _, fire := range []func(){func() { h.Fire(0) }, func() { d.Fire(0) }} {
				var wg sync.WaitGroup
				returned := false
				wg.Go(func() { fire(); returned = true })
				wg.Wait()
				if returned {
					t.Error("Fire returned")
				}
				if got := called.take(); got != tt.called {
					t.Errorf("called %q, want %q", got, tt.called)
				}
				goexits := 0
				for _, r := range got.take() {
					if err, ok := r.Value.(error); ok && errors.Is(err, ErrGoexit) {
						goexits++
					}
				}
				if goexits != 1 {
					t.Errorf("%d reports of it", goexits)
				}
			}
			for _, h := range bad {
				if h.Armed() || h.Panics() != 1 {
					t.Errorf("%s: armed %v, %d panics", h.FullName(), h.Armed(), h.Panics())
				}
				must(t, h.Deregister(t.Context()))
			}
			wantNoneInFlight(t, h.reg.Load())
			wantNoneInFlight(t, d.reg.Load())
		})
	}
}

// The function of OnPanic runs in the goroutine that fired, with the handler
// disarmed, and may use hooks itself, the same one too.
func TestOnPanic(t *testing.T) {
	quiet(t)
	h := newHook[int](t)
	var seen journal
	armed(t, h, "watch", func(ev int) Verdict { seen = append(seen, fmt.Sprint(ev)); return Continue })
	bad := armed(t, h, "bad", func(int) Verdict { panic("x") })
	old := OnPanic(func(r *PanicReport) {
		seen = append(seen, r.Handler, fmt.Sprint(bad.Armed()))
		h.Fire(2)
		if err := bad.Deregister(t.Context()); !errors.Is(err, ErrInHandler) {
			t.Errorf("Deregister from OnPanic: %v", err)
		}
	})
	if old == nil {
		t.Error("OnPanic doesn't return who was told before")
	}
	h.Fire(1)
	if got := seen.take(); got != "1 bad false 2" {
		t.Errorf("%q", got)
	}
	wantNoneInFlight(t, h.reg.Load())
	if OnPanic(nil) == nil || OnPanic(old) != nil {
		t.Error("OnPanic(nil) doesn't put the default in force")
	}
}

// What the function of OnPanic panics with is the program's, and the call is over.
func TestOnPanicPanics(t *testing.T) {
	quiet(t)
	for _, n := range []int{0, 1} { // as the first handler, and as a later one
		h := newHook[int](t)
		d := newDecision[int, int](t)
		var hs []*Handler
		for i := range n {
			armed(t, h, fmt.Sprint(i), func(int) Verdict { return Continue })
			armed(t, d, fmt.Sprint(i), func(int) (int, bool) { return 0, false })
		}
		hs = append(hs, armed(t, h, "bad", func(int) Verdict { panic("x") }))
		hs = append(hs, armed(t, d, "bad", func(int) (int, bool) { panic("x") }))
		OnPanic(func(*PanicReport) { panic("from OnPanic") })
		for _, fire := range []func(){func() { h.Fire(0) }, func() { d.Fire(0) }} {
			if got := panicOf(fire); got != "from OnPanic" {
				t.Errorf("Fire panicked with %v", got)
			}
		}
		for _, h := range hs {
			must(t, h.Deregister(t.Context()))
		}
		wantNoneInFlight(t, h.reg.Load())
		wantNoneInFlight(t, d.reg.Load())
	}
}

func init() {
	children["panic report"] = func() {
		var h Hook[int]
		Declare(&h, "child.hook", "")
		bad, err := h.Register("bad", func(int) Verdict { return explode("boom") })
		if err != nil {
			os.Exit(3)
		}
		if err := bad.Arm(); err != nil {
			os.Exit(4)
		}
		h.Fire(0)
		fmt.Println("the program goes on")
	}
}

// With no function set a report goes to standard error.
func TestPanicReportOnStderr(t *testing.T) {
	stdout, stderr, exit := child(t, "panic report")
	if stdout != "the program goes on\n" || exit != 0 {
		t.Errorf("stdout %q, exit %d", stdout, exit)
	}
	if !strings.HasPrefix(stderr, "gkhi: handler child.hook/bad panicked and is disarmed: boom\n") || !strings.Contains(stderr, "explode") {
		t.Errorf("stderr %q", stderr)
	}
	if strings.HasSuffix(stderr, "\n\n") {
		t.Errorf("stderr ends with an empty line: %q", stderr)
	}
}
