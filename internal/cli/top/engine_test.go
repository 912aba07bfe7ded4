package top

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gkhi/gkhi/internal/control"
	"github.com/gkhi/gkhi/internal/control/client"
	"github.com/gkhi/gkhi/internal/control/controltest"
	"github.com/gkhi/gkhi/internal/control/wire"
)

// A driver has an engine and a model that gets what it says.
type driver struct {
	t *testing.T
	e *Engine
	m *Model
}

func drive(t *testing.T, p Process, limit int) *driver {
	ctx, cancel := context.WithCancel(t.Context())
	e := NewEngine(ctx, p, time.Second, limit, time.Now)
	t.Cleanup(func() {
		cancel()
		e.Wait()
	})
	m := NewModel(Config{Label: "kvd", Interval: time.Second, Zone: time.UTC, Sort: ColumnNamed("total")})
	return &driver{t, e, m}
}

// until hands messages to the model until one is as wanted.
func (d *driver) until(what string, ok func(Message) bool) Message {
	d.t.Helper()
	deadline := time.After(30 * time.Second)
	for {
		select {
		case msg := <-d.e.Messages():
			d.m.Handle(msg)
			if ok(msg) {
				return msg
			}
		case v := <-d.e.crashes:
			d.t.Fatal(v)
		case <-deadline:
			d.t.Fatalf("nothing came of it: %s", what)
		}
	}
}

func is[M any](msg Message) bool { _, ok := msg.(M); return ok }

func (d *driver) do(op Op, names ...string) {
	d.t.Helper()
	if err := d.e.Do(Command{op, names}); err != nil {
		d.t.Fatal(err)
	}
}

func TestEngine(t *testing.T) {
	p := newFake()
	d := drive(t, p, 500)
	armed := func(want ...string) {
		t.Helper()
		d.until("armed", is[Armed])
		slices.Sort(want)
		if got := p.armed(); !slices.Equal(got, want) {
			t.Errorf("armed are %q, want %q", got, want)
		}
	}
	d.do(OpPattern)
	armed("kvd.commit", "kvd.conn", "main.(*server).handle", "main.(*store).Put", "main.main")
	if d.m.message != "kvd.chain is left out: a chain has callbacks" {
		t.Errorf("message %q", d.m.message)
	}
	p.call("main.main", 3, time.Millisecond, time.Millisecond)
	p.tick(time.Now().Add(time.Second))
	d.until("a snapshot", is[Tick])
	if f := d.m.entries["main.main"].last; f.Calls != 3 {
		t.Errorf("%+v", f)
	}

	// A name with a star in it stands for itself only.
	d.do(OpArm, "net/http.(*conn).serve")
	armed("kvd.commit", "kvd.conn", "main.(*server).handle", "main.(*store).Put", "main.main", "net/http.(*conn).serve")
	d.do(OpDisarm, "main.main", "kvd.conn")
	armed("kvd.commit", "main.(*server).handle", "main.(*store).Put", "net/http.(*conn).serve")
	if f := d.m.entries["main.main"].always; f.Calls != 3 {
		t.Errorf("what was counted before it was disarmed: %+v", f)
	}
	d.do(OpPattern, "go.etcd.io/*", "main.main")
	armed("go.etcd.io/bbolt.(*DB).Update", "go.etcd.io/bbolt.(*Tx).Commit", "main.main")
	d.do(OpDisarm, "go.etcd.io/bbolt.(*DB).Update", "go.etcd.io/bbolt.(*Tx).Commit", "main.main")
	armed()

	d.do(OpPattern, "main.main")
	armed("main.main")
	for what, c := range map[string]Command{
		"no hook matches": {OpPattern, []string{"nothing.*"}},
		"[ with no ]":     {OpPattern, []string{"[a"}},
		"refused":         {OpArm, []string{"main.(*store).Put"}},
	} {
		if what == "refused" {
			p.mu.Lock()
			p.refuse = errors.New("refused")
			p.mu.Unlock()
		}
		d.do(c.Op, c.Names...)
		note := d.until(what, is[Note]).(Note)
		if !strings.Contains(note.Err.Error(), what) || !slices.Equal(p.armed(), []string{"main.main"}) {
			t.Errorf("%v: %v, and armed are %q", c, note.Err, p.armed())
		}
		p.mu.Lock()
		p.refuse = nil
		p.mu.Unlock()
	}

	d.do(OpList)
	d.until("listed", is[Listed])
	if len(d.m.entries) != len(p.hooks) || !d.m.all {
		t.Errorf("%d of %d are listed: %q", len(d.m.entries), len(p.hooks), slices.Sorted(maps.Keys(d.m.entries)))
	}
	p.mu.Lock()
	p.stats[0].broken <- errors.New("the connection broke")
	p.mu.Unlock()
	if e := d.until("the end", is[Ended]).(Ended); e.Err.Error() != "the connection broke" {
		t.Errorf("it ended: %v", e.Err)
	}
}

func TestEngineEdges(t *testing.T) {
	p := newFake()
	p.data = recording(4)
	d := drive(t, p, 500)
	d.do(OpPattern, "main.*", "go.etcd.io/*", "kvd.commit")
	d.until("armed", is[Armed])
	d.m.detail = &detail{name: "main.(*store).Put"}
	d.do(OpWatch, "main.(*store).Put")
	d.until("callers", func(m Message) bool { e, ok := m.(Edges); return ok && e.Graph.Calls == 8 && e.Graph.Lost == 5 })
	if d.m.detail.graph.Callers[0].Name != "main.main" {
		t.Errorf("%+v", d.m.detail.graph)
	}
	// What is recorded is what is armed, without hooks; and anew when that changes.
	d.do(OpDisarm, "main.(*server).handle")
	d.until("armed", is[Armed])
	d.until("callers again", is[Edges])
	p.mu.Lock()
	for i, want := range [][]string{
		{`main.(\*server).handle`, `main.(\*store).Put`, "main.main", `go.etcd.io/bbolt.(\*DB).Update`, `go.etcd.io/bbolt.(\*Tx).Commit`},
		{`main.(\*store).Put`, "main.main", `go.etcd.io/bbolt.(\*DB).Update`, `go.etcd.io/bbolt.(\*Tx).Commit`},
	} {
		if got := p.records[i].Patterns; !slices.Equal(got, want) {
			t.Errorf("recorded are %q, want %q", got, want)
		}
	}
	p.mu.Unlock()
	d.do(OpUnwatch)
	d.m.detail = &detail{name: "kvd.commit"}
	d.do(OpWatch, "net/http.(*conn).serve")
	e := d.until("no callers", func(m Message) bool { e, ok := m.(Edges); return ok && e.Name == "net/http.(*conn).serve" })
	if err := e.(Edges).Err; err == nil || !strings.Contains(err.Error(), "not an armed function") {
		t.Errorf("of what is not armed: %v", err)
	}
}

func TestChoose(t *testing.T) {
	many := newFake()
	for i := range 2000 {
		many.hooks = append(many.hooks, wire.Hook{Name: fmt.Sprintf("example.com/a/package/with/a/long/path/at%04d.(*T).F", i), Kind: wire.KindFunction})
	}
	none := newFake()
	none.hooks = none.hooks[:2]
	for _, tt := range []struct {
		name     string
		p        *fakeProcess
		patterns []string
		limit    int
		hooks    int
		ask      string
		note     string
		err      string
	}{
		{"the default", newFake(), nil, 500, 6, "kvd.commit kvd.conn kvd.chain main.*", "armed are the declared hooks and the functions of package main", ""},
		{"no functions", none, nil, 500, 2, "kvd.commit kvd.conn", "armed are the declared hooks; package main has no points", ""},
		{"nothing", &fakeProcess{}, nil, 500, 0, "", "no hook is declared, and package main has no points", ""},
		{"patterns", many, []string{"net/*", "kvd.*"}, 500, 5, "net/* kvd.*", "", ""},
		{"too many", newFake(), []string{"main.*", "kvd.conn"}, 2, 3, `kvd.conn main.(\*server).handle main.(\*store).Put`, "only 2 of 3 functions that match are armed: --max 3 would arm all", ""},
		{"all of many", many, []string{"*"}, 5000, 2010, "*", "", ""},
		{"too many names", many, []string{"*"}, 1999, 0, "", "", "too many to arm one by one"},
		{"no match", many, []string{"nothing"}, 500, 0, "", "", "no hook matches"},
	} {
		s, err := Choose(t.Context(), tt.p, tt.patterns, tt.limit)
		if tt.err != "" {
			if err == nil || !strings.Contains(err.Error(), tt.err) {
				t.Errorf("%s: %v, want an error with %q", tt.name, err, tt.err)
			}
			continue
		}
		if ask := strings.Join(s.Patterns, " "); err != nil || len(s.Hooks) != tt.hooks || ask != tt.ask || s.Note != tt.note {
			t.Errorf("%s: %d hooks, asks for %q, says %q, %v; want %d, %q, %q", tt.name, len(s.Hooks), ask, s.Note, err, tt.hooks, tt.ask, tt.note)
		}
	}
}

// A real server and a real client: what is armed follows the commands, and nothing is left at the end.
func TestEngineServer(t *testing.T) {
	target := controltest.New("a", "b", "c*")
	s, err := control.Serve(target, control.Options{Dir: filepath.Join(t.TempDir(), "s")})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close() //nolint:errcheck // the test is over
	c, err := client.At(s.Path()).Dial(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	d := &driver{t, NewEngine(ctx, realProcess{c}, 20*time.Millisecond, 10, time.Now), NewModel(Config{Interval: 20 * time.Millisecond})}
	d.do(OpPattern)
	d.until("armed", is[Armed])
	total := func(name string) uint64 { return d.m.entries[name].always.Calls }
	for range 10 {
		target.Fire("a", "1")
	}
	d.until("ten calls", func(Message) bool { return total("a") == 10 })
	d.do(OpDisarm, "c*", "b")
	d.until("disarmed", func(m Message) bool { a, ok := m.(Armed); return ok && slices.Equal(a.Names, []string{"a"}) })
	target.Fire("b", "1")
	for range 5 {
		target.Fire("a", "1")
	}
	d.until("five calls more", func(Message) bool { return total("a") == 15 })
	if n := total("b"); n != 0 {
		t.Errorf("b is disarmed, and has %d calls", n)
	}
	cancel()
	d.e.Wait()
	c.Close() //nolint:errcheck // it says that it was closed
	for end := time.Now().Add(30 * time.Second); target.Left() != ""; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("there are %s left", target.Left())
		}
	}
}

type realProcess struct{ *client.Client }

func (p realProcess) Stat(ctx context.Context, spec wire.StatSpec) (Stat, error) {
	s, err := p.Client.Stat(ctx, spec)
	if err != nil {
		return nil, err
	}
	return realStat{s}, nil
}

func (p realProcess) Record(ctx context.Context, spec wire.RecordSpec) (Recording, error) {
	return p.Client.Record(ctx, spec)
}

type realStat struct{ *client.Stat }

func (s realStat) Matched() wire.Matched { return s.Stat.Matched }

// What a pattern armed can be disarmed one by one, however many that are, and armed again.
func TestEngineMany(t *testing.T) {
	p := newFake()
	p.hooks = nil
	var all []string
	for i := range 3000 {
		all = append(all, fmt.Sprintf("example.com/a/package/with/a/long/path/at%04d.(*T).F", i))
		p.hooks = append(p.hooks, wire.Hook{Name: all[i], Kind: wire.KindFunction})
	}
	d := drive(t, p, 5000)
	for _, step := range []struct {
		op    Op
		names []string
		ask   string
		armed int
	}{
		{OpPattern, []string{"*"}, "*", 3000},
		{OpDisarm, all[7:9], `* !example.com/a/package/with/a/long/path/at0007.(\*T).F !example.com/a/package/with/a/long/path/at0008.(\*T).F`, 2998},
		{OpArm, all[7:8], `* !example.com/a/package/with/a/long/path/at0008.(\*T).F`, 2999},
		{OpPattern, []string{"*0001.*", "*0002.*"}, "*0001.* *0002.*", 2},
		{OpArm, all[8:9], `*0001.* *0002.* example.com/a/package/with/a/long/path/at0008.(\*T).F`, 3},
		{OpDisarm, all[8:9], "*0001.* *0002.*", 2},
		{OpDisarm, all[1:3], "", 0},
	} {
		p.begun = nil
		d.do(step.op, step.names...)
		d.until("armed", is[Armed])
		ask := ""
		if len(p.begun) > 0 {
			ask = strings.Join(p.begun[0].Patterns, " ")
		}
		if n := len(p.armed()); n != step.armed || ask != step.ask {
			t.Errorf("%d %.2q: %d are armed, and it asks for %s; want %d, %s", step.op, step.names, n, ask, step.armed, step.ask)
		}
	}
	d.do(OpArm, all...)
	if n := d.until("refused", is[Note]).(Note); !strings.Contains(n.Err.Error(), "3000 names are too many") {
		t.Errorf("it says %v", n.Err)
	}
}
