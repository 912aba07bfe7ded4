package gkhi

import (
	"context"
	"errors"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// waiting returns when n callers wait in a decision's failpoint.
func waiting(t *testing.T, name string, n int) {
	t.Helper()
	eventually(t, func() bool { return failpointOf(t, name).Waiting == n })
}

// Callers pause until they are released, and the next ones pause again.
func TestFailPause(t *testing.T) {
	d := newDecision[int, int](t)
	fail(t, d.Name(), "pause")
	unfail(t, d.Name())
	done := make(chan int)
	for i := range 3 {
		go func() { d.Fire(0); done <- i }()
	}
	waiting(t, d.Name(), 3)
	if hi := d.Info().Handlers[0]; hi.InFlight != 3 {
		t.Errorf("%d in flight, want 3", hi.InFlight)
	}
	select {
	case i := <-done:
		t.Errorf("caller %d did not wait", i)
	default:
	}
	must(t, ReleaseFailpoint(d.Name()))
	for range 3 {
		<-done
	}
	go func() { d.Fire(0); done <- 0 }()
	waiting(t, d.Name(), 1)
	must(t, ReleaseFailpoint(d.Name()))
	<-done

	other := newDecision[int, int](t)
	must(t, ReleaseFailpoint(other.Name())) // nothing to release
	wantError(t, ReleaseFailpoint("no.such.hook"), ErrUnknown)
}

// Who waits in a term goes on when the term is replaced, taken away or its handler disarmed.
func TestFailPauseEnds(t *testing.T) {
	for name, end := range map[string]func(*Decision[int, int]) error{
		"replaced":   func(d *Decision[int, int]) error { return Fail(d.Name(), "return(2)") },
		"taken away": func(d *Decision[int, int]) error { return Fail(d.Name(), "off") },
		"disarmed": func(d *Decision[int, int]) error {
			return Disarm(handlerOf(d.reg.Load(), "failpoint"))
		},
		"deregistered": func(d *Decision[int, int]) error {
			return handlerOf(d.reg.Load(), "failpoint").Deregister(context.Background())
		},
	} {
		t.Run(name, func(t *testing.T) {
			for _, term := range []string{"pause", "sleep(1h)", "delay(1h)"} {
				d := newDecision[int, int](t)
				fail(t, d.Name(), term)
				done := make(chan bool)
				go func() { _, ok := d.Fire(0); done <- ok }()
				waiting(t, d.Name(), 1)
				must(t, end(d))
				if <-done {
					t.Errorf("%s: the caller that waited got an answer", term)
				}
				fail(t, d.Name(), "off")
			}
		})
	}
}

// handlerOf returns the registered handler of that name.
func handlerOf(r *registration, name string) *Handler {
	registry.mu.Lock()
	defer registry.mu.Unlock()
	for _, h := range r.handlers {
		if h.name == name {
			return h
		}
	}
	return nil
}

// A handler that was disarmed from outside is armed by the next term.
func TestFailArmsAgain(t *testing.T) {
	d := newDecision[int, int](t)
	fail(t, d.Name(), "return(1)")
	unfail(t, d.Name())
	must(t, handlerOf(d.reg.Load(), "failpoint").Disarm())
	if _, ok := d.Fire(0); ok {
		t.Error("disarmed, and in force")
	}
	fail(t, d.Name(), "return(2)")
	if r, ok := d.Fire(0); r != 2 || !ok {
		t.Errorf("%v, %v", r, ok)
	}
}

// While a term is replaced by another no event goes by without either.
func TestFailReplacesWithoutGap(t *testing.T) {
	d := newDecision[int, int](t)
	fail(t, d.Name(), "return(0)")
	unfail(t, d.Name())
	var stop atomic.Bool
	missed := make(chan int)
	go func() {
		n := 0
		for !stop.Load() {
			if _, ok := d.Fire(0); !ok {
				n++
			}
		}
		missed <- n
	}()
	for i := range 2000 {
		fail(t, d.Name(), []string{"return(1)", "return(2)"}[i%2])
	}
	stop.Store(true)
	if n := <-missed; n != 0 {
		t.Errorf("%d events saw neither the old term nor the new", n)
	}
}

func TestFailFromEnv(t *testing.T) {
	a, b := newDecision[int, error](t), newDecision[int, error](t)
	reset := func() {
		fail(t, a.Name(), "off")
		fail(t, b.Name(), "off")
	}
	for _, tt := range []struct {
		name, value string
		saying      []string // of the error
		a, b        string   // what they answer
	}{
		{"empty", "", nil, "", ""},
		{"both", a.Name() + `=return("disk full; really");` + b.Name() + "=return(\"b\")", nil, "disk full; really", "b"},
		{"lines", a.Name() + "=return(\"a\")\n\n " + b.Name() + "=off\n", nil, "a", ""},
		{"an unknown name", "nowhere=return;" + b.Name() + `=return("b")`, []string{"nowhere"}, "", "b"},
		{"a bad term", a.Name() + "=retrun;" + b.Name() + `=return("b")`, []string{a.Name(), "retrun"}, "", "b"},
		{"a value that doesn't fit", a.Name() + "=return(5);" + b.Name() + `=return("b")`, []string{a.Name(), "5"}, "", "b"},
		{"all of it", "x;y=z;" + b.Name() + `=return("b")`, []string{"x", "y"}, "", "b"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			defer reset()
			t.Setenv(FailEnv, tt.value)
			err := FailFromEnv()
			if (err != nil) != (tt.saying != nil) {
				t.Fatalf("error %v", err)
			}
			for _, text := range append(tt.saying, FailEnv) {
				if err != nil && !strings.Contains(err.Error(), text) {
					t.Errorf("error %q doesn't say %q", err, text)
				}
			}
			for d, want := range map[*Decision[int, error]]string{a: tt.a, b: tt.b} {
				got, ok := d.Fire(0)
				if ok != (want != "") || ok && got.Error() != want {
					t.Errorf("%s answers %v, %v; want %q", d.Name(), got, ok, want)
				}
			}
		})
	}
}

func init() {
	children["print"] = func() {
		var d Decision[int, int]
		DeclareDecision(&d, "child.print", "")
		if err := FailFromEnv(); err != nil {
			os.Stdout.WriteString(err.Error())
			os.Exit(3)
		}
		d.Fire(0)
	}
	children["fail panics"] = func() {
		var d Decision[int, int]
		DeclareDecision(&d, "child.panic", "")
		if err := Fail("child.panic", `panic("this is meant")`); err != nil {
			os.Exit(3)
		}
		d.Fire(0)
	}
}

func TestFailPrints(t *testing.T) {
	stdout, stderr, exit := child(t, "print", FailEnv+`=child.print=print("seen")`)
	if stdout != "" || stderr != "gkhi: failpoint: seen\n" || exit != 0 {
		t.Errorf("stdout %q, stderr %q, exit %d", stdout, stderr, exit)
	}
}

// A program that doesn't recover a failpoint's panic ends, with its own stack to be seen.
func TestFailPanicEndsTheProgram(t *testing.T) {
	_, stderr, exit := child(t, "fail panics")
	if exit != 2 || !strings.Contains(stderr, "panic: this is meant") || !strings.Contains(stderr, "failwait_test.go") {
		t.Errorf("exit %d, stderr %s", exit, stderr)
	}
}

// A pause doesn't keep Deregister of another handler of the decision waiting longer than its context.
func TestDeregisterBesidePause(t *testing.T) {
	d := newDecision[int, int](t)
	fail(t, d.Name(), "pause")
	after := armed(t, d, "after", func(int) (int, bool) { return 0, false })
	done := make(chan bool)
	go func() { d.Fire(0); close(done) }()
	waiting(t, d.Name(), 1)
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	err := after.Deregister(ctx)
	wantError(t, err, ErrInFlight, d.Name()+"/after")
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v doesn't wrap the context's error", err)
	}
	fail(t, d.Name(), "off")
	<-done
	must(t, after.Deregister(t.Context()))
	if after.Calls() != 1 {
		t.Errorf("the event that had begun called it %d times, want once", after.Calls())
	}
}
