package funcserve

import (
	"errors"
	"testing"

	"github.com/gkhi/gkhi/internal/control"
	"github.com/gkhi/gkhi/internal/control/wire"
	"github.com/gkhi/gkhi/internal/record"
	"github.com/gkhi/gkhi/internal/testenv"
)

func TestMain(m *testing.M) { testenv.Main(m) }

var target control.Target = Target{}

// TestNothing asks a process that has neither hooks nor functions: this one.
func TestNothing(t *testing.T) {
	for name, ask := range map[string]func(patterns []string) error{
		"hooks":   func(ps []string) error { _, err := target.Hooks(ps); return err },
		"trace":   func(ps []string) error { _, _, err := target.Trace(wire.TraceSpec{Patterns: ps}, nil); return err },
		"stat":    func(ps []string) error { _, _, err := target.Stat(wire.StatSpec{Patterns: ps}); return err },
		"record":  func(ps []string) error { _, _, err := target.Record(wire.RecordSpec{Patterns: ps}, nil); return err },
		"arm":     func(ps []string) error { _, _, err := target.Arm(ps, true, false); return err },
		"release": func(ps []string) error { _, err := target.Release(ps); return err },
	} {
		for _, tt := range []struct {
			patterns []string
			code     string
		}{{[]string{"main.*"}, wire.CodeNotFound}, {[]string{"["}, wire.CodeBadPattern}, {nil, wire.CodeBadRequest}} {
			err := ask(tt.patterns)
			if name == "hooks" && tt.patterns == nil {
				if err != nil {
					t.Errorf("a list of all hooks: %v", err)
				}
				continue
			}
			var w *wire.Error
			if !errors.As(err, &w) || w.Code != tt.code {
				t.Errorf("%s %q: %v, want the code %s", name, tt.patterns, err, tt.code)
			}
		}
	}
	if _, _, err := target.Fail(wire.FailArgs{Name: "x", Term: "panic"}); err == nil {
		t.Error("a failpoint was set on a decision that is not there")
	}
	if st := target.Status(); st.Hooks != 0 || st.Functions != 0 || st.Laid != nil || st.Uptime <= 0 {
		t.Errorf("%+v", st)
	}
}

// points are noted for as long as wanted says.
type points struct {
	wanted bool
	calls  []string
	again  bool // what Drain says in the midst of a drain
}

func (p *points) Noting() bool                     { return p.wanted }
func (p *points) Begin()                           { p.calls = append(p.calls, "begin") }
func (p *points) Take(*record.Batch, record.Clock) { p.calls = append(p.calls, "take") }
func (p *points) End(uint64)                       { p.again = Drain() }

// TestDrain looks at the order in which points are told, and that a drain from within one is refused.
func TestDrain(t *testing.T) {
	p := &points{wanted: true, again: true}
	SetPoints(p)
	defer SetPoints(nil)
	if !Drain() || p.again || len(p.calls) != 1 || p.calls[0] != "begin" {
		t.Errorf("%q, drained within: %v", p.calls, p.again)
	}
	if !stillDraining() {
		t.Error("drains end while points are noted")
	}
	p.wanted = false
	if stillDraining() {
		t.Error("drains go on when nobody notes")
	}
	AwaitDrain()
}
