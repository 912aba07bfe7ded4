package client_test

import (
	"context"
	"errors"
	"io"
	"testing"

	"github.com/gkhi/gkhi/internal/control"
	"github.com/gkhi/gkhi/internal/control/client"
	"github.com/gkhi/gkhi/internal/control/controltest"
	"github.com/gkhi/gkhi/internal/control/wire"
	"github.com/gkhi/gkhi/internal/event"
)

func TestRecord(t *testing.T) {
	target := controltest.New("kvd.a", "kvd.b", "other")
	c, _ := connect(t, target, control.Options{})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	rec, err := c.Record(ctx, wire.RecordSpec{Patterns: []string{"kvd.*"}})
	if err != nil {
		t.Fatal(err)
	}
	if len(rec.Matched.Hooks) != 2 || target.Left() == "" {
		t.Fatalf("matched %v, left %q", rec.Matched, target.Left())
	}
	cancel() // what comes after it is still read
	r, err := event.NewReader(rec)
	if err != nil {
		t.Fatal(err)
	}
	hits := 0
	for {
		x, err := r.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if x.Kind == event.KindHit {
			hits++
		}
	}
	if end := rec.End(); hits != 2 || end == nil || end.Events != 2 || end.Reason != wire.EndCanceled {
		t.Errorf("%d hits, end %+v", hits, end)
	}
	if left := target.Left(); left != "" {
		t.Errorf("left: %s", left)
	}
}

func TestRecordErrors(t *testing.T) {
	c, _ := connect(t, controltest.New("kvd.a"), control.Options{})
	var werr *wire.Error
	if _, err := c.Record(t.Context(), wire.RecordSpec{Patterns: []string{"nosuch"}}); !errors.As(err, &werr) || werr.Code != wire.CodeNotFound {
		t.Errorf("an unknown name: %v", err)
	}
	rec, err := c.Record(t.Context(), wire.RecordSpec{Patterns: []string{"kvd.a"}})
	if err != nil {
		t.Fatal(err)
	}
	c.Close()
	if _, err := io.ReadAll(rec); !errors.Is(err, client.ErrBroken) {
		t.Errorf("after the connection broke: %v", err)
	}
}
