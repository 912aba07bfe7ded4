package gkhi

import (
	"fmt"
	"reflect"
	"runtime"
	"testing"
)

// lineBefore returns the file:line before the one it is called from.
func lineBefore() string {
	_, file, n, _ := runtime.Caller(1)
	return fmt.Sprintf("%s:%d", file, n-1)
}

// Info tells what was declared.
func TestInfoOfDeclared(t *testing.T) {
	type event struct{ N int }
	h, d, p, c := new(Hook[event]), new(Decision[event, error]), new(Point), new(Chain[*event])
	n := uniqueName(t)
	Declare(h, n+"h", "a hook", Exclusive())
	lineH := lineBefore()
	DeclareDecision(d, n+"d", "a decision")
	lineD := lineBefore()
	DeclarePoint(p, n+"p", "a point")
	lineP := lineBefore()
	DeclareChain(c, n+"c", "a chain")
	lineC := lineBefore()
	for _, tt := range []struct {
		hook AnyHook
		want Info
	}{
		{h, Info{Name: n + "h", Doc: "a hook", Kind: KindHook, Event: reflect.TypeFor[event](), Declared: lineH, Exclusive: true}},
		{d, Info{Name: n + "d", Doc: "a decision", Kind: KindDecision, Event: reflect.TypeFor[event](), Result: reflect.TypeFor[error](), Declared: lineD}},
		{p, Info{Name: n + "p", Doc: "a point", Kind: KindPoint, Declared: lineP}},
		{c, Info{Name: n + "c", Doc: "a chain", Kind: KindChain, Event: reflect.TypeFor[*event](), Declared: lineC}},
	} {
		undeclare(t, tt.want.Name)
		if got := tt.hook.Info(); !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%+v, want %+v", got, tt.want)
		}
		if tt.hook.Armed() || tt.hook.Name() != tt.want.Name {
			t.Errorf("%s is armed, or named %q", tt.want.Name, tt.hook.Name())
		}
	}
}

// Info tells what is registered, and its state.
func TestInfoOfHandlers(t *testing.T) {
	quiet(t)
	h := newHook[int](t)
	noop := func(int) Verdict { return Continue }
	armed(t, h, "last", func(int) Verdict { panic("x") }, Last())
	armed(t, h, "first", noop, First(), NoControl())
	register(t, h, "minus", noop, Priority(-3))
	armed(t, h, "limited", noop, SkipHits(1), MaxHits(5))
	for range 3 {
		h.Fire(0)
	}
	in := h.Info()
	if !in.Armed {
		t.Error("not armed")
	}
	want := []HandlerInfo{
		{Name: "first", Armed: true, Priority: "first", Calls: 3, RefusesControl: true},
		{Name: "limited", Armed: true, Priority: "0", Calls: 2, SkipHits: 1, MaxHits: 5, Hits: 2},
		{Name: "minus", Priority: "-3"},
		{Name: "last", Priority: "last", Calls: 1, Panics: 1},
	}
	for i := range in.Handlers {
		if (in.Handlers[i].LastPanic != nil) != (in.Handlers[i].Panics > 0) {
			t.Errorf("%s: last panic %v", in.Handlers[i].Name, in.Handlers[i].LastPanic)
		}
		in.Handlers[i].LastPanic = nil
	}
	if !reflect.DeepEqual(in.Handlers, want) {
		t.Errorf("%+v, want %+v", in.Handlers, want)
	}
}

func TestKindString(t *testing.T) {
	for k, want := range map[Kind]string{KindHook: "hook", KindDecision: "decision", KindPoint: "point", KindChain: "chain", 9: "kind(9)"} {
		if k.String() != want {
			t.Errorf("%q, want %q", k, want)
		}
	}
}
