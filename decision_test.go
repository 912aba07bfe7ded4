package gkhi

import (
	"errors"
	"fmt"
	"slices"
	"testing"
)

// The first that decides does; what the others return is of no meaning.
func TestDecides(t *testing.T) {
	type answer struct {
		text    string
		decides bool
	}
	for _, tt := range []struct {
		answers []answer
		called  string
		want    string
		decided bool
	}{
		{nil, "", "", false},
		{[]answer{{"a", true}}, "0", "a", true},
		{[]answer{{"a", false}}, "0", "", false},
		{[]answer{{"", true}, {"b", true}}, "0", "", true},
		{[]answer{{"a", false}, {"b", true}, {"c", true}}, "0 1", "b", true},
		{[]answer{{"a", false}, {"b", false}, {"c", true}}, "0 1 2", "c", true},
		{[]answer{{"a", false}, {"b", false}, {"c", false}}, "0 1 2", "", false},
	} {
		d := newDecision[int, string](t)
		var called journal
		for i, a := range tt.answers {
			armed(t, d, fmt.Sprint(i), func(int) (string, bool) {
				called = append(called, fmt.Sprint(i))
				return a.text, a.decides
			})
		}
		if d.Armed() != (len(tt.answers) > 0) {
			t.Errorf("%v: armed is %v", tt.answers, d.Armed())
		}
		got, decided := d.Fire(0)
		if got != tt.want || decided != tt.decided || called.take() != tt.called {
			t.Errorf("%v: %q, %v; want %q, %v", tt.answers, got, decided, tt.want, tt.decided)
		}
	}
}

// After a handler that panicked the next one decides, and what the first would have
// answered is not to be seen.
func TestDecidesAfterPanic(t *testing.T) {
	quiet(t)
	d := newDecision[int, string](t)
	armed(t, d, "undecided", func(int) (string, bool) { return "undecided", false })
	armed(t, d, "panics", func(int) (r string, decided bool) { r, decided = "x", true; panic("boom") })
	if r, decided := d.Fire(0); r != "" || decided {
		t.Errorf("nobody decides: %q, %v", r, decided)
	}
	armed(t, d, "panics-too", func(int) (r string, decided bool) { panic("boom") })
	armed(t, d, "answers", func(int) (string, bool) { return "yes", true })
	last := armed(t, d, "after", func(int) (string, bool) { return "no", true })
	if r, decided := d.Fire(0); r != "yes" || !decided {
		t.Errorf("after a panic: %q, %v", r, decided)
	}
	if last.Calls() != 0 {
		t.Error("a handler ran after one that decided")
	}
}

func TestDecisionLimits(t *testing.T) {
	d := newDecision[int, int](t)
	x := armed(t, d, "x", func(ev int) (int, bool) { return -ev, true }, SkipHits(2), MaxHits(3))
	var got []int
	for i := range 8 {
		if r, ok := d.Fire(i); ok {
			got = append(got, r)
		}
	}
	if want := []int{-2, -3, -4}; !slices.Equal(got, want) || x.Armed() || d.Armed() {
		t.Errorf("answered %v, want %v; armed: %v %v", got, want, x.Armed(), d.Armed())
	}
}

func TestDecisionRecursion(t *testing.T) {
	d := newDecision[int, int](t)
	x := armed(t, d, "x", func(n int) (int, bool) {
		if n == 0 {
			return 0, true
		}
		r, ok := d.Fire(n - 1)
		return r + 1, ok
	})
	if r, ok := d.Fire(200); r != 200 || !ok || x.Calls() != 201 {
		t.Errorf("%d, %v after %d calls", r, ok, x.Calls())
	}
}

// Who watches through RegisterAny sees the event and never decides.
func TestDecisionRegisterAny(t *testing.T) {
	d := newDecision[string, error](t)
	answer := errors.New("no")
	var seen []any
	h, err := d.RegisterAny("watch", func(ev any) Verdict { seen = append(seen, ev); return Stop }, First())
	must(t, err)
	must(t, h.Arm())
	if r, ok := d.Fire("a"); r != nil || ok {
		t.Errorf("a watcher answers %v, %v", r, ok)
	}
	armed(t, d, "decides", func(string) (error, bool) { return answer, true })
	if r, ok := d.Fire("b"); r != answer || !ok {
		t.Errorf("answer %v, %v", r, ok)
	}
	if !slices.Equal(seen, []any{"a", "b"}) {
		t.Errorf("saw %v", seen)
	}
}
