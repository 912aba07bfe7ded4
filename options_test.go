package gkhi

import (
	"fmt"
	"math"
	"strings"
	"testing"
)

func TestOrder(t *testing.T) {
	type reg struct {
		name string
		opts []HandlerOption
	}
	at := func(name string, opts ...HandlerOption) reg { return reg{name, opts} }
	for _, tt := range []struct {
		name string
		hook []HookOption
		regs []reg
		want string
	}{
		{"none", nil, nil, ""},
		{"one", nil, []reg{at("a")}, "a"},
		{"FIFO is the default", nil, []reg{at("a"), at("b"), at("c")}, "a b c"},
		{"FIFO", []HookOption{FIFO()}, []reg{at("a"), at("b"), at("c")}, "a b c"},
		{"LIFO", []HookOption{LIFO()}, []reg{at("a"), at("b"), at("c")}, "c b a"},
		{"the last of them counts", []HookOption{LIFO(), FIFO()}, []reg{at("a"), at("b")}, "a b"},
		{"priority", nil, []reg{at("low", Priority(-1)), at("mid"), at("high", Priority(1))}, "high mid low"},
		{"extreme priorities", nil, []reg{at("min", Priority(math.MinInt)), at("max", Priority(math.MaxInt)), at("mid")}, "max mid min"},
		{"FIFO among equals", nil, []reg{at("a", Priority(5)), at("b"), at("c", Priority(5)), at("d")}, "a c b d"},
		{"LIFO among equals", []HookOption{LIFO()}, []reg{at("a", Priority(5)), at("b"), at("c", Priority(5)), at("d")}, "c a d b"},
		{"first", nil, []reg{at("a", Priority(math.MaxInt)), at("b", First())}, "b a"},
		{"last", nil, []reg{at("a", Last()), at("b", Priority(math.MinInt))}, "b a"},
		{"first and last, LIFO", []HookOption{LIFO()}, []reg{at("l", Last()), at("a"), at("f", First()), at("b")}, "f b a l"},
		{"first twice on one handler", nil, []reg{at("a"), at("b", First(), First())}, "b a"},
		{"a place beats a priority", nil, []reg{at("a", First(), Priority(-9)), at("b", Priority(9))}, "a b"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := newHook[int](t, tt.hook...)
			var called journal
			var hs []*Handler
			for _, r := range tt.regs {
				hs = append(hs, register(t, h, r.name, called.note(r.name), r.opts...))
			}
			must(t, Arm(hs...))
			h.Fire(0)
			if got := called.take(); got != tt.want {
				t.Errorf("called %q, want %q", got, tt.want)
			}
			var listed []string
			for _, hi := range h.Info().Handlers {
				listed = append(listed, hi.Name)
			}
			if got := strings.Join(listed, " "); got != tt.want {
				t.Errorf("Info lists %q, want %q", got, tt.want)
			}
		})
	}
}

// Handlers run in their order also when they were not armed in it, and when
// some are not armed.
func TestOrderOfArmed(t *testing.T) {
	h := newHook[int](t)
	var called journal
	a := register(t, h, "a", called.note("a"))
	b := register(t, h, "b", called.note("b"))
	c := register(t, h, "c", called.note("c"))
	for _, step := range []struct {
		do   func() error
		want string
	}{
		{c.Arm, "c"},
		{a.Arm, "a c"},
		{b.Arm, "a b c"},
		{a.Disarm, "b c"},
		{c.Disarm, "b"},
		{a.Arm, "a b"},
	} {
		must(t, step.do())
		h.Fire(0)
		if got := called.take(); got != step.want {
			t.Errorf("called %q, want %q", got, step.want)
		}
	}
}

func TestRegisterRefuses(t *testing.T) {
	noop := func(int) Verdict { return Continue }
	for _, tt := range []struct {
		name   string
		hook   []HookOption
		first  []HandlerOption // of a handler named "old", registered before
		as     string
		fn     func(int) Verdict
		opts   []HandlerOption
		want   error
		saying []string
	}{
		{"a second first", nil, []HandlerOption{First()}, "new", noop, []HandlerOption{First()}, ErrPriorityTaken, []string{"/new:", "old"}},
		{"a second last", nil, []HandlerOption{Last()}, "new", noop, []HandlerOption{Last()}, ErrPriorityTaken, []string{"/new:", "old"}},
		{"a second one of an exclusive hook", []HookOption{Exclusive()}, nil, "new", noop, nil, ErrExclusive, []string{"/new:", "old"}},
		{"a name that is taken", nil, nil, "old", noop, nil, ErrDuplicate, []string{"/old:"}},
		{"a name that is taken, exclusive", []HookOption{Exclusive()}, nil, "old", noop, nil, ErrDuplicate, nil},
		{"first and last at once", nil, nil, "new", noop, []HandlerOption{First(), Last()}, ErrInvalid, []string{`"new"`, "first and last"}},
		{"first, last and first again", nil, nil, "new", noop, []HandlerOption{First(), Last(), First()}, ErrInvalid, nil},
		{"no function", nil, nil, "new", nil, nil, ErrInvalid, []string{`"new"`, "no function"}},
		{"no name", nil, nil, "", noop, nil, ErrInvalid, []string{"a handler needs a name"}},
		{"a name with a slash", nil, nil, "a/b", noop, nil, ErrInvalid, []string{`handler name "a/b"`, "'/'"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := newHook[int](t, tt.hook...)
			register(t, h, "old", noop, tt.first...)
			got, err := h.Register(tt.as, tt.fn, tt.opts...)
			wantError(t, err, tt.want, tt.saying...)
			if got != nil {
				t.Errorf("a handler %v comes with the error", got.Name())
			}
			if n := len(h.Info().Handlers); n != 1 {
				t.Errorf("the hook has %d handlers, want only the old one", n)
			}
		})
	}
}

// Of several reasons the name comes first, whatever the order of the handlers.
func TestRegisterNamesTheDuplicate(t *testing.T) {
	h := newHook[int](t)
	noop := func(int) Verdict { return Continue }
	register(t, h, "first", noop, First())
	register(t, h, "taken", noop)
	register(t, h, "last", noop, Last())
	for _, place := range []HandlerOption{First(), Last()} {
		_, err := h.Register("taken", noop, place)
		wantError(t, err, ErrDuplicate)
	}
}

// What made a registration impossible can go away.
func TestRegisterAfterDeregister(t *testing.T) {
	noop := func(int) Verdict { return Continue }
	for name, tt := range map[string]struct {
		hook []HookOption
		opts []HandlerOption
	}{
		"exclusive": {[]HookOption{Exclusive()}, nil},
		"first":     {nil, []HandlerOption{First()}},
		"last":      {nil, []HandlerOption{Last()}},
		"name":      {nil, nil},
	} {
		h := newHook[int](t, tt.hook...)
		for range 3 {
			x := armed(t, h, "same", noop, tt.opts...)
			if _, err := h.Register("same", noop, tt.opts...); err == nil {
				t.Errorf("%s: two at once", name)
			}
			must(t, x.Deregister(t.Context()))
		}
	}
}

func TestRegisterUndeclared(t *testing.T) {
	var h Hook[int]
	var d Decision[int, error]
	_, err := h.Register("x", func(int) Verdict { return Continue })
	wantError(t, err, ErrUndeclared)
	_, err = h.RegisterAny("x", func(any) Verdict { return Continue })
	wantError(t, err, ErrUndeclared)
	_, err = d.Register("x", func(int) (error, bool) { return nil, false })
	wantError(t, err, ErrUndeclared)
	_, err = d.RegisterAny("x", func(any) Verdict { return Continue })
	wantError(t, err, ErrUndeclared)
	if h.Armed() || d.Armed() || h.Name() != "" || d.Name() != "" {
		t.Error("an undeclared hook is armed or has a name")
	}
	if v := h.Fire(1); v != Continue {
		t.Errorf("Fire of an undeclared hook: %v", v)
	}
	if _, ok := d.Fire(1); ok {
		t.Error("an undeclared decision decides")
	}
	if in := h.Info(); in.Name != "" || in.Handlers != nil {
		t.Errorf("Info of an undeclared hook: %+v", in)
	}
}

// A mark can tell apart so many handlers and no more.
func TestTooManyHandlers(t *testing.T) {
	h := newHook[int](t)
	n := 0
	var hs []*Handler
	for i := range maxHandlers {
		hs = append(hs, register(t, h, fmt.Sprint("h", i), func(int) Verdict { n++; return Continue }))
	}
	_, err := h.Register("one-too-many", func(int) Verdict { return Continue })
	wantError(t, err, ErrInvalid, "4096")
	must(t, Arm(hs...))
	h.Fire(0)
	if n != maxHandlers {
		t.Errorf("%d handlers ran, want %d", n, maxHandlers)
	}
}
