package event

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"github.com/gkhi/gkhi/internal/minijson"
)

// A sample is a recording and what is in it.
type sample struct {
	bytes  []byte // complete, with its index
	events []Event
	hits   []Hit
	lost   uint64
}

var (
	sampleFuncs = []Func{
		{Name: "main.a", Package: "main", File: "/a.go", Line: 3, Params: []Param{{"n", "int", Int64}}, Results: []Param{{"err", "error", Interface}}},
		{Name: "main.(*T).b", Package: "main", File: "/b.go", Line: 9},
	}
	sampleSites = []Site{
		{Func: 0, Line: 3, Words: []Word{{0, 0}}},
		{Func: 0, Return: true, Line: 5, Words: []Word{{0, 0}, {0, 1}}},
		{Func: 1, Line: 9},
		{Func: 1, Return: true, InRange: true, Line: 11},
	}
)

// makeSample records random events of several threads, in rounds.
func makeSample(seed uint64, rounds, perRound int) sample {
	rnd := rand.New(rand.NewPCG(seed, 1))
	e := NewEncoder(Meta{Program: "/bin/sample", Arch: "amd64", Patterns: []string{"main.*"}})
	e.Funcs(sampleFuncs)
	e.Hooks([]string{"kvd.commit", "kvd.open"})
	e.Sites(sampleSites)
	e.Frames(0x401000, []Frame{{"main.a", "/a.go", 4}, {"main.main", "/a.go", 20}})
	e.Stack([]uint64{0x401000, 0x400100})
	var out bytes.Buffer
	w := NewWriter(&out)
	var s sample
	now := uint64(1e6)
	mark := func() {
		now += 10
		e.Watermark(Watermark{Until: now, Clock: Clock{now, int64(now) * 2, 1e18 + int64(now)*2}, Lost: s.lost})
		now++
	}
	mark()
	for range rounds {
		for range perRound {
			now += rnd.Uint64N(300)
			if rnd.IntN(20) == 0 {
				h := Hit{Ticks: now, G: rnd.Uint64N(9), Hook: rnd.IntN(2), Fields: []byte(`{"N":1}`)}
				s.hits = append(s.hits, h)
				e.Hit(&h)
				continue
			}
			ev := Event{Ticks: now, G: 1 + rnd.Uint64N(3), Site: rnd.IntN(4), CPU: rnd.IntN(3) - 1, Thread: rnd.IntN(3), SP: 100 + rnd.Uint32N(3)*8, BP: rnd.Uint32(), Stack: -1}
			if rnd.IntN(50) == 0 {
				ev.Gap = true
				s.lost += 3
			}
			for range len(sampleSites[ev.Site].Words) {
				ev.Words = append(ev.Words, rnd.Uint64())
			}
			if rnd.IntN(3) == 0 {
				ev.Stack = 0
			}
			s.events = append(s.events, ev)
			e.Event(&ev)
		}
		if rnd.IntN(2) == 0 {
			e.Counts([]Count{{0, 17}})
		}
		mark()
		piece := e.Take()
		for len(piece) > 0 {
			n := min(len(piece), 1+rnd.IntN(1<<15))
			if _, err := w.Write(piece[:n]); err != nil {
				panic(err)
			}
			piece = piece[n:]
		}
	}
	if err := w.Close(); err != nil {
		panic(err)
	}
	s.bytes = out.Bytes()
	return s
}

// readAll returns what a reader passes on.
func readAll(t *testing.T, r *Reader) (s sample, err error) {
	t.Helper()
	last := int64(0)
	for {
		rec, err := r.Next()
		if err != nil {
			return s, err
		}
		if rec.Time < last {
			t.Fatalf("time went from %d to %d", last, rec.Time)
		}
		last = rec.Time
		switch rec.Kind {
		case KindEvent:
			ev := *rec.Event
			ev.Words = slices.Clone(ev.Words)
			s.events = append(s.events, ev)
		case KindHit:
			s.hits = append(s.hits, *rec.Hit)
		case KindWatermark:
			s.lost = rec.Watermark.Lost
		}
	}
}

func TestRoundTrip(t *testing.T) {
	for seed := range uint64(20) {
		want := makeSample(seed, 4, 3000)
		r, err := NewReader(bytes.NewReader(want.bytes))
		if err != nil {
			t.Fatal(err)
		}
		got, err := readAll(t, r)
		if err != io.EOF {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(r.Funcs, sampleFuncs) || !reflect.DeepEqual(r.Sites, sampleSites) || r.Meta.Program != "/bin/sample" || len(r.Stacks) != 1 || len(r.Frames[0x401000]) != 2 {
			t.Fatalf("definitions: %+v", r.Definitions)
		}
		if len(got.events) != len(want.events) {
			t.Fatalf("seed %d: %d events of %d", seed, len(got.events), len(want.events))
		}
		// Of the same moment either may come first.
		byTime := func(a, b Event) int {
			if a.Ticks != b.Ticks {
				return int(int64(a.Ticks - b.Ticks))
			}
			return a.Thread - b.Thread
		}
		if !slices.IsSortedFunc(got.events, func(a, b Event) int { return int(int64(a.Ticks - b.Ticks)) }) {
			t.Fatal("events are out of order")
		}
		slices.SortStableFunc(got.events, byTime)
		slices.SortStableFunc(want.events, byTime)
		for i := range got.events {
			if !reflect.DeepEqual(got.events[i], want.events[i]) {
				t.Fatalf("seed %d, event %d: %+v, want %+v", seed, i, got.events[i], want.events[i])
			}
		}
		if !reflect.DeepEqual(got.hits, want.hits) {
			t.Fatalf("seed %d: hits differ", seed)
		}
		sum := r.Summary()
		if sum.Truncated || sum.Lost != want.lost || sum.Events != uint64(len(want.events)) || sum.Drift != 0 || sum.TicksPerNS != 0.5 {
			t.Fatalf("summary %+v", sum)
		}
		x, err := ReadIndex(bytes.NewReader(want.bytes), int64(len(want.bytes)))
		if err != nil || x.Events() != uint64(len(want.events)) {
			t.Fatalf("the index has %d events of %d, %v", x.Events(), len(want.events), err)
		}
	}
}

// TestTruncated cuts a recording anywhere: what stands in front of the cut is read, and nothing else.
func TestTruncated(t *testing.T) {
	want := makeSample(1, 3, 40)
	full := len(want.events)
	for n := range len(want.bytes) {
		r, err := NewReader(bytes.NewReader(want.bytes[:n]))
		if err != nil {
			if !errors.Is(err, ErrFormat) {
				t.Fatalf("cut at %d: %v", n, err)
			}
			continue
		}
		got, err := readAll(t, r)
		if err != io.EOF {
			t.Fatalf("cut at %d: %v", n, err)
		}
		if len(got.events) > full {
			t.Fatalf("cut at %d: %d events", n, len(got.events))
		}
		if x, _ := ReadIndex(bytes.NewReader(want.bytes[:n]), int64(n)); x != nil {
			t.Fatalf("cut at %d: an index", n)
		}
		if whole := r.Summary(); !whole.Truncated && len(got.events) != full {
			t.Fatalf("cut at %d: %d events of %d, and it does not say so", n, len(got.events), full)
		}
	}
}

// TestDamaged changes single bytes: the reader says so, or passes on what was there.
func TestDamaged(t *testing.T) {
	want := makeSample(2, 2, 40)
	noticed := 0
	for i := range want.bytes {
		b := slices.Clone(want.bytes)
		b[i] ^= 0x41
		r, err := NewReader(bytes.NewReader(b))
		if err == nil {
			_, err = readAll(t, r)
		}
		switch {
		case errors.Is(err, ErrDamaged), errors.Is(err, ErrFormat):
			noticed++
		case err == io.EOF && (r.Summary().Truncated || i >= len(b)-16):
		case err == io.EOF:
			t.Errorf("byte %d of %d: not noticed", i, len(b))
		default:
			t.Errorf("byte %d: %v", i, err)
		}
	}
	if noticed < len(want.bytes)*9/10 {
		t.Errorf("%d of %d changes were noticed", noticed, len(want.bytes))
	}
}

// TestLong reads more than a round may hold, in rounds that are small: what was passed on no longer counts.
func TestLong(t *testing.T) {
	e := NewEncoder(Meta{})
	e.Funcs(sampleFuncs)
	e.Sites(sampleSites)
	e.Hooks([]string{"h"})
	fields := bytes.Repeat([]byte(" "), 100<<10)
	copy(fields, `{}`)
	var all bytes.Buffer
	rounds := 3 * maxRound / len(fields)
	for i := range rounds {
		now := uint64(i) * 100
		for thread := range 20 {
			e.Event(&Event{Ticks: now, Thread: thread, Stack: -1})
		}
		e.Hit(&Hit{Ticks: now, Fields: fields})
		e.Watermark(Watermark{Until: now, Clock: Clock{now, int64(now), int64(now)}})
		all.Write(e.Take())
	}
	r, err := NewReader(&all)
	if err != nil {
		t.Fatal(err)
	}
	got, err := readAll(t, r)
	if err != io.EOF || len(got.hits) != rounds || len(got.events) != 20*rounds {
		t.Errorf("%v, %d hits and %d events of %d rounds", err, len(got.hits), len(got.events), rounds)
	}
	// What has no watermark is refused before it uses up memory.
	e = NewEncoder(Meta{})
	e.Hooks([]string{"h"})
	var endless bytes.Buffer
	for range 2 * maxRound / len(fields) {
		e.Hit(&Hit{Fields: fields})
		endless.Write(e.Take())
	}
	if r, err = NewReader(&endless); err != nil {
		t.Fatal(err)
	}
	if _, err = readAll(t, r); !errors.Is(err, ErrDamaged) {
		t.Errorf("without a watermark: %v", err)
	}
}

func TestNotARecording(t *testing.T) {
	for _, in := range []string{"", "GKHI", "ELF", "GKHIrec2xxxxxxxxxxxxxxxx", "GKHIrec1"} {
		if _, err := NewReader(bytes.NewReader([]byte(in))); !errors.Is(err, ErrFormat) {
			t.Errorf("%q: %v", in, err)
		}
	}
}

func FuzzReader(f *testing.F) {
	f.Add(makeSample(3, 2, 30).bytes)
	f.Add([]byte(Magic))
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := NewReader(bytes.NewReader(b))
		if err == nil {
			if _, err = readAll(t, r); err == nil {
				t.Fatal("no end")
			}
		}
		ReadIndex(bytes.NewReader(b), int64(len(b)))
		NewWriter(io.Discard).Write(b)
	})
}

// FuzzPayload gets past the sums: the payload is one block of a recording that is else in order.
func FuzzPayload(f *testing.F) {
	f.Add(byte(TypeEvents), []byte{0, 1, 1, 1, 0, 0, 0})
	f.Add(byte(TypeSites), []byte{1, 0, 0, 0, 0})
	f.Fuzz(func(t *testing.T, kind byte, payload []byte) {
		if len(payload) > MaxBlock {
			return
		}
		e := NewEncoder(Meta{})
		e.Funcs(sampleFuncs)
		e.Sites(sampleSites)
		e.Hooks([]string{"h"})
		e.block(Type(kind), func(b []byte) []byte { return append(b, payload...) })
		e.Watermark(Watermark{Until: 1 << 60})
		r, err := NewReader(bytes.NewReader(e.Take()))
		if err == nil {
			readAll(t, r)
		}
	})
}

func BenchmarkEncode(b *testing.B) {
	e := NewEncoder(Meta{})
	e.Funcs(sampleFuncs)
	e.Sites(sampleSites)
	ev := Event{G: 7, CPU: 1, SP: 100, BP: 116, Stack: -1}
	size := 0
	for b.Loop() {
		for i := range 1000 {
			ev.Ticks += 150
			ev.Site = i & 3
			e.Event(&ev)
		}
		if e.Pending() > RoundBytes {
			e.Watermark(Watermark{Until: ev.Ticks})
			size += len(e.Take())
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/1000, "ns/event")
}

func BenchmarkRead(b *testing.B) {
	s := makeSample(1, 20, 20000)
	b.SetBytes(int64(len(s.bytes)))
	for b.Loop() {
		r, err := NewReader(bytes.NewReader(s.bytes))
		for err == nil {
			_, err = r.Next()
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(s.events)), "ns/event")
}

// The list of Meta's fields says what its tags do.
func TestMetaIsThatOfTheTags(t *testing.T) {
	for _, m := range []Meta{{}, {
		Program: "p", Args: []string{"p"}, PID: 1, Host: "h", Arch: "a", Go: "g", Version: "v", Build: "b", Patterns: []string{"*"},
		Started: 2, Values: true, Stacks: true, MinTook: 3,
	}} {
		want, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		got, err := minijson.Append(nil, m.JSON)
		if err != nil || string(got) != string(want) {
			t.Errorf("%s, %v, want %s", got, err, want)
		}
		var back Meta
		if err := minijson.ReadStrict(got, back.JSON); err != nil || !reflect.DeepEqual(back, m) {
			t.Errorf("%+v, %v", back, err)
		}
	}
}
