package gkhi

import (
	"slices"
	"testing"

	"github.com/gkhi/gkhi/internal/control/client"
	"github.com/gkhi/gkhi/internal/control/controltest"
	"github.com/gkhi/gkhi/internal/control/wire"
)

// second connects once more to the server of c.
func second(t *testing.T, c *client.Client) *client.Client {
	t.Helper()
	c2, err := client.At(c.Process().Socket()).Dial(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c2.Close() })
	return c2
}

func armOrDisarm(t *testing.T, c *client.Client, on, hold bool, patterns ...string) wire.ArmResult {
	t.Helper()
	do := c.Disarm
	if on {
		do = c.Arm
	}
	r, err := do(t.Context(), wire.ArmArgs{Patterns: patterns, Hold: hold})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// soon waits for what the end of a connection brings about.
func soon(t *testing.T, what string, cond func() bool) {
	t.Helper()
	if err := controltest.Until(cond); err != nil {
		t.Fatalf("%s: %v", what, err)
	}
}

func TestTargetArm(t *testing.T) {
	c := connect(t)
	one, two := registerHandler(t, "one", Continue), registerHandler(t, "two", Continue)
	registerHandler(t, "kept", Continue, NoControl())
	two.Arm()
	r := armOrDisarm(t, c, true, false, "target.hook")
	if !slices.Equal(r.Changed, []string{"target.hook/one"}) || !slices.Equal(r.Already, []string{"target.hook/two"}) ||
		len(r.Refused) != 1 || r.Refused[0].Name != "target.hook/kept" {
		t.Errorf("%+v", r)
	}
	r = armOrDisarm(t, c, false, false, "target.hook/*", "*/one")
	if !slices.Equal(r.Changed, []string{"target.hook/one", "target.hook/two"}) || one.Armed() || two.Armed() {
		t.Errorf("%+v", r)
	}
	c.Close()
	if one.Armed() || two.Armed() {
		t.Error("what was done without hold is undone")
	}
}

// The last to hold has its way, and each end brings back what was so before.
func TestTargetHolds(t *testing.T) {
	c := connect(t)
	c2, c3 := second(t, c), second(t, c)
	h := registerHandler(t, "one", Continue)
	armOrDisarm(t, c, true, true, "target.hook/one")
	armOrDisarm(t, c2, false, true, "target.hook/one")
	armOrDisarm(t, c3, true, true, "target.hook/one")
	c2.Close() // one in the middle: nothing changes
	soon(t, "the second is gone", func() bool { return holders(h) == 2 })
	if !h.Armed() {
		t.Error("the end of a hold that was overruled has disarmed")
	}
	c3.Close()
	soon(t, "the third is gone", func() bool { return holders(h) == 1 })
	if !h.Armed() {
		t.Error("the first still holds it armed")
	}
	c.Close()
	soon(t, "the first is gone", func() bool { return !h.Armed() })
	if n := holders(h); n != 0 {
		t.Errorf("%d holders are kept", n)
	}
}

func holders(h *Handler) int {
	remote.holds.mu.Lock()
	defer remote.holds.mu.Unlock()
	if hd := remote.holds.arms[h]; hd != nil {
		return len(hd.holders)
	}
	return 0
}

// A handler that was armed before is armed again after a session that held it disarmed.
func TestTargetHoldDisarmed(t *testing.T) {
	c := connect(t)
	h := registerHandler(t, "one", Continue)
	h.Arm()
	armOrDisarm(t, c, false, true, "target.hook/one")
	if h.Armed() {
		t.Fatal("it is armed")
	}
	c.Close()
	soon(t, "it is armed again", h.Armed)
}

// What a command changes for good stays, whoever held it before.
func TestTargetHoldOverruled(t *testing.T) {
	c := connect(t)
	c2 := second(t, c)
	h := registerHandler(t, "one", Continue)
	armOrDisarm(t, c, false, true, "target.hook/one")
	armOrDisarm(t, c2, true, false, "target.hook/one")
	tr, err := c.Trace(t.Context(), wire.TraceSpec{Patterns: []string{"target.bare"}})
	if err != nil {
		t.Fatal(err)
	}
	_ = tr
	c.Close()
	soon(t, "the connection's end is noticed", func() bool { return !targetBare.Armed() })
	soon(t, "its holds are undone", func() bool { return holders(h) == 0 })
	if !h.Armed() {
		t.Error("it is disarmed")
	}
}

// A handler that was disarmed by its own panic is not armed again because a session that held it, as it was, ends.
func TestTargetHoldNoChange(t *testing.T) {
	quiet(t)
	c := connect(t)
	h, err := targetHook.Register("panics", func(targetEvent) Verdict { panic("x") })
	if err != nil {
		t.Fatal(err)
	}
	defer h.Deregister(t.Context())
	h.Arm()
	armOrDisarm(t, c, true, true, "target.hook/panics")
	targetHook.Fire(targetEvent{})
	c.Close()
	soon(t, "the hold is undone", func() bool { return holders(h) == 0 })
	if h.Armed() {
		t.Error("it is armed again")
	}
}

// A handler that the program deregisters meanwhile does not keep the others from being undone.
func TestTargetHoldDeregistered(t *testing.T) {
	c := connect(t)
	one, two := registerHandler(t, "one", Continue), registerHandler(t, "two", Continue)
	armOrDisarm(t, c, true, true, "target.hook")
	if err := one.Deregister(t.Context()); err != nil {
		t.Fatal(err)
	}
	c.Close()
	soon(t, "the other is disarmed", func() bool { return !two.Armed() })
}

func TestTargetFail(t *testing.T) {
	c := connect(t)
	c2 := second(t, c)
	fail := func(c *client.Client, term string, hold bool) wire.FailResult {
		t.Helper()
		r, err := c.Fail(t.Context(), wire.FailArgs{Name: "target.decision", Term: term, Hold: hold})
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	if r := fail(c, `return("one")`, false); r.Was != "" || r.Now != `return("one")` {
		t.Errorf("%+v", r)
	}
	if r := fail(c, `return("two")`, true); r.Was != `return("one")` || r.Now != `return("two")` {
		t.Errorf("%+v", r)
	}
	fail(c2, `return("three")`, true)
	if err, decided := targetDecision.Fire(targetEvent{}); !decided || err.Error() != "three" {
		t.Errorf("%v, %v", err, decided)
	}
	c.Close() // overruled by the second: nothing changes
	c2.Close()
	soon(t, "the first term is back", func() bool { return termOf("target.decision") == `return("one")` })
	c3 := second(t, c)
	if r := fail(c3, "off", false); r.Was != `return("one")` || r.Now != "" || targetDecision.Armed() {
		t.Errorf("%+v", r)
	}
}
