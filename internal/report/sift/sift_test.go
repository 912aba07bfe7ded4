package sift_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gkhi/gkhi/internal/event"
	"github.com/gkhi/gkhi/internal/report/sift"
)

// A script records by hand: a tick is a nanosecond.
type script struct {
	enc *event.Encoder
	now uint64
}

func newScript() *script {
	s := &script{enc: event.NewEncoder(event.Meta{Program: "p"})}
	s.enc.Funcs([]event.Func{{Name: "a"}, {Name: "b"}, {Name: "c"}})
	s.enc.Hooks([]string{"h"})
	var sites []event.Site
	for f := range 3 {
		sites = append(sites, event.Site{Func: f}, event.Site{Func: f, Return: true})
	}
	s.enc.Sites(sites)
	s.now = 1000
	s.mark()
	return s
}

func (s *script) mark() {
	s.enc.Watermark(event.Watermark{Until: s.now, Clock: event.Clock{Ticks: s.now, Mono: int64(s.now), Wall: int64(s.now)}})
	s.now++
}

// do takes moves such as a+5: wait 5 ns, then enter a; a-5 returns from it. h+5 is a hit, .+5 only waits, |+5 ends a round.
func (s *script) do(moves string) *script {
	type frame struct {
		f  byte
		sp uint32
	}
	stack := []frame{{}}
	for _, m := range strings.Fields(moves) {
		var n uint64
		fmt.Sscan(m[2:], &n)
		s.now += n
		switch m[0] {
		case 'h':
			s.enc.Hit(&event.Hit{Ticks: s.now, Fields: []byte("{}")})
		case '.':
		case '|':
			s.mark()
		default:
			ev := event.Event{Ticks: s.now, G: 1, Site: 2 * int(m[0]-'a'), CPU: -1, Stack: -1}
			if m[1] == '-' {
				for stack[len(stack)-1].f != m[0] { // a panic went through it
					stack = stack[:len(stack)-1]
				}
				ev.Site++
				ev.SP = stack[len(stack)-1].sp
				stack = stack[:len(stack)-1]
			} else {
				ev.SP = stack[len(stack)-1].sp + 32
				stack = append(stack, frame{m[0], ev.SP})
			}
			ev.BP = ev.SP - 16
			s.enc.Event(&ev)
		}
	}
	s.mark()
	return s
}

// moves tells what is in a recording, with times from its beginning.
func moves(t *testing.T, in []byte) string {
	t.Helper()
	r, err := event.NewReader(bytes.NewReader(in))
	if err != nil {
		t.Fatal(err)
	}
	var b []string
	for {
		rec, err := r.Next()
		if err != nil {
			if !errors.Is(err, io.EOF) {
				t.Fatal(err)
			}
			return strings.Join(b, " ")
		}
		at := rec.Time - 1001
		switch rec.Kind {
		case event.KindHit:
			b = append(b, fmt.Sprintf("h@%d", at))
		case event.KindEvent:
			site := r.Sites[rec.Event.Site]
			sign := "+"
			if site.Return {
				sign = "-"
			}
			b = append(b, fmt.Sprintf("%s%s@%d", r.Funcs[site.Func].Name, sign, at))
		}
	}
}

func TestCopy(t *testing.T) {
	for name, tt := range map[string]struct{ in, want string }{
		"one long":             {"a+10 a-200", "a+@10 a-@210"},
		"one short":            {"a+10 a-20", ""},
		"just long enough":     {"a+0 a-100", "a+@0 a-@100"},
		"short in long":        {"a+10 b+10 b-10 b+10 b-10 a-100", "a+@10 a-@150"},
		"long in long":         {"a+10 b+10 b-150 c+1 c-1 a-10", "a+@10 b+@20 b-@170 a-@182"},
		"short then long":      {"a+10 a-1 b+10 b-150 a+3 a-3", "b+@21 b-@171"},
		"under way at the end": {"a+10 b+10 c+100 .+20", "a+@10 b+@20"},
		"hits stay":            {"a+10 h+1 a-2 h+300", "h@11 h@313"},
		"rounds":               {"a+10 |+10 b+10 |+50 b-50 |+1 a-1", "a+@10 b+@31 b-@132 a-@135"},
		"short over a round":   {"a+10 |+10 a-10 |+200", ""},
		"never returned":       {"a+10 b+10 a-300", "a+@10 b+@20 a-@320"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScript().do(tt.in)
			var out bytes.Buffer
			if err := sift.Copy(&out, bytes.NewReader(s.enc.Take()), 100*time.Nanosecond); err != nil {
				t.Fatal(err)
			}
			got := moves(t, out.Bytes())
			if got != tt.want {
				t.Errorf("%s\n got %s\nwant %s", tt.in, got, tt.want)
			}
		})
	}
}

// TestRandom compares with what a look at the whole recording says.
func TestRandom(t *testing.T) {
	for seed := range uint64(100) {
		rnd := rand.New(rand.NewPCG(seed, 1))
		var b strings.Builder
		var call func(depth int)
		call = func(depth int) {
			f := 'a' + rune(rnd.IntN(3))
			fmt.Fprintf(&b, "%c+%d ", f, rnd.IntN(20))
			for range rnd.IntN(4) {
				if depth > 0 {
					call(depth - 1)
				}
				if rnd.IntN(30) == 0 {
					fmt.Fprintf(&b, "|+%d ", rnd.IntN(50))
				}
			}
			fmt.Fprintf(&b, "%c-%d ", f, rnd.IntN(60))
		}
		for range 200 {
			call(5)
		}
		in := newScript().do(b.String()).enc.Take()
		var out bytes.Buffer
		if err := sift.Copy(&out, bytes.NewReader(in), 100*time.Nanosecond); err != nil {
			t.Fatal(err)
		}
		all := strings.Fields(moves(t, in))
		var keep []string
		type open struct {
			at   int64
			slot int
		}
		var stack []open
		marks := make([]bool, len(all))
		for i, m := range all {
			var at int64
			fmt.Sscan(m[3:], &at)
			if m[1] == '+' {
				stack = append(stack, open{at, i})
				continue
			}
			o := stack[len(stack)-1]
			stack = stack[:len(stack)-1]
			if at-o.at >= 100 {
				marks[i], marks[o.slot] = true, true
			}
		}
		for i, m := range all {
			if marks[i] {
				keep = append(keep, m)
			}
		}
		got := strings.Fields(moves(t, out.Bytes()))
		if !slices.Equal(got, keep) {
			for i := range min(len(got), len(keep)) {
				if got[i] != keep[i] {
					t.Fatalf("seed %d, event %d: %s, want %s", seed, i, got[i], keep[i])
				}
			}
			t.Fatalf("seed %d: %d events of %d stay, want %d", seed, len(got), len(all), len(keep))
		}
	}
}

func TestCopyErrors(t *testing.T) {
	if err := sift.Copy(io.Discard, strings.NewReader("no recording"), time.Second); !errors.Is(err, event.ErrFormat) {
		t.Error(err)
	}
	in := newScript().do("a+10 a-200").enc.Take()
	if err := sift.Copy(failing{}, bytes.NewReader(in), time.Nanosecond); err == nil {
		t.Error("a full disk is no error")
	}
}

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, errors.New("no space left") }
