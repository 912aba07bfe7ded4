package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gkhi/gkhi/bench/internal/measure"
)

var groups = sync.OnceValues(setUp) // registers; so only once in a process

func testGroups(t *testing.T) []*group {
	t.Helper()
	gs, err := groups()
	if err != nil {
		t.Fatal(err)
	}
	return gs
}

// Every case calls the handlers that its table says, neither fewer nor more.
func TestCases(t *testing.T) {
	counting = true
	defer func() { counting = false }()
	for _, g := range testGroups(t) {
		if g.cases[0].base != "" || g.cases[0].calls != 0 {
			t.Errorf("%s: the first case is no base", g.title)
		}
		for _, c := range g.cases {
			const n = 24
			calls.Store(0)
			measure.Time(c.run, g.threads, n)
			if got, want := calls.Load(), int64(n*c.calls*g.threads); got != want {
				t.Errorf("%s, %s: %d calls of handlers, want %d", g.title, c.name, got, want)
			}
		}
	}
}

// The tables are complete: each case is there, and so is what it is compared with.
func TestReport(t *testing.T) {
	gs := testGroups(t)
	p := plan{rounds: 1, slice: 10 * time.Microsecond}
	p.measure(gs)
	rep := report{machine: measure.ThisMachine(), plan: p, groups: gs}

	var text, md, js strings.Builder
	for _, err := range []error{rep.text(&text), rep.markdown(&md), rep.json(&js)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	dec := json.NewDecoder(strings.NewReader(js.String()))
	var head struct{ Go, CPU string }
	if err := dec.Decode(&head); err != nil || head.Go == "" {
		t.Errorf("the first line is %+v, %v", head, err)
	}
	for _, g := range gs {
		for i, c := range g.cases {
			var res result
			if err := dec.Decode(&res); err != nil {
				t.Fatal(err)
			}
			if res.Group != g.title || res.Case != c.name || res.Min <= 0 || res.Median < res.Min {
				t.Errorf("%s, %s: the JSON is %+v", g.title, c.name, res)
			}
			if g.baseOf(i) == nil {
				t.Errorf("%s, %s: there is no case %q", g.title, c.name, c.base)
			}
			if (g.pointer != "") != (res.VsPointer != nil) {
				t.Errorf("%s, %s: compared with the pointer: %v", g.title, c.name, res.VsPointer != nil)
			}
			if (g.other != "") != (res.VsOther != nil) {
				t.Errorf("%s, %s: compared with %q: %v", g.title, c.name, g.other, res.VsOther != nil)
			}
			if !strings.Contains(md.String(), "\n| "+c.name+" | "+c.event+" | ") {
				t.Errorf("%s, %s: not in the Markdown", g.title, c.name)
			}
			if !strings.Contains(text.String(), "\n"+c.name+"  ") {
				t.Errorf("%s, %s: not in the text", g.title, c.name)
			}
		}
	}
}

func TestUsage(t *testing.T) {
	for _, tt := range []struct {
		args   string
		status int
		says   string
	}{
		{"-help", 0, "-markdown"},
		{"-nosuch", 2, "-nosuch"},
		{"argument", 2, "no arguments"},
		{"-count 0", 2, "positive"},
	} {
		var out, errs bytes.Buffer
		if got := run(strings.Fields(tt.args), &out, &errs); got != tt.status || !strings.Contains(errs.String(), tt.says) || out.Len() > 0 {
			t.Errorf("hooks %s: status %d, want %d; it says %s%s", tt.args, got, tt.status, &out, &errs)
		}
	}
}
