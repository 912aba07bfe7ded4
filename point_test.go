package gkhi

import "testing"

func TestPointRefuses(t *testing.T) {
	var undeclared Point
	undeclared.Hit()
	if undeclared.Armed() || undeclared.Name() != "" || undeclared.Info().Name != "" {
		t.Error("an undeclared point is armed or has a name")
	}
	for what, count := range map[string]func(*Point) error{
		"Count":       func(p *Point) error { _, err := p.Count("x"); return err },
		"Record":      func(p *Point) error { _, err := p.Record("x", func(PointEvent) {}); return err },
		"RegisterAny": func(p *Point) error { _, err := p.RegisterAny("x", func(any) Verdict { return Continue }); return err },
	} {
		if err := count(&undeclared); err == nil {
			t.Errorf("%s of an undeclared point: no error", what)
		} else {
			wantError(t, err, ErrUndeclared)
		}
	}

	p := new(Point)
	DeclarePoint(p, uniqueName(t), "for a test")
	undeclare(t, p.Name())
	_, err := p.RegisterAny("x", func(any) Verdict { return Continue })
	wantError(t, err, ErrInvalid)
	_, err = p.Record("x", nil)
	wantError(t, err, ErrInvalid, "no function")
	_, err = p.Count("x", MaxHits(1))
	wantError(t, err, ErrInvalid, "MaxHits")
	_, err = p.Count("x", SkipHits(1))
	wantError(t, err, ErrInvalid, "SkipHits")
	_, err = p.Count("a b")
	wantError(t, err, ErrInvalid)
	if n := len(p.Info().Handlers); n != 0 {
		t.Errorf("%d handlers are left of what was refused", n)
	}
	h, err := p.Count("x")
	must(t, err)
	_, err = p.Count("x")
	wantError(t, err, ErrDuplicate)
	must(t, h.Deregister(t.Context()))
	wantError(t, h.Arm(), ErrDeregistered)
}
