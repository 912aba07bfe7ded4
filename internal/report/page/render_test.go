package page

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"

	"github.com/gkhi/gkhi/internal/event"
	"github.com/gkhi/gkhi/internal/report"
	"github.com/gkhi/gkhi/internal/report/reporttest"
	"github.com/gkhi/gkhi/internal/testenv"
)

// build returns the data of a recording's page.
func build(t testing.TB, recording []byte, f report.Filter, limits Limits) *Data {
	t.Helper()
	r, err := event.NewReader(bytes.NewReader(recording))
	if err != nil {
		t.Fatal(err)
	}
	d, _, err := Build(r, f, limits)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// render returns the page.
func render(t testing.TB, d *Data) string {
	t.Helper()
	var b bytes.Buffer
	if err := Render(&b, d); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

const hostile = `x/y.</script><script>alert(1)</script><img src=//evil.example/x onerror=alert(2)>&amp;'"` + "\u2028\x00\xff"

// TestHostileNames puts markup wherever a recording has text.
func TestHostileNames(t *testing.T) {
	d := &Data{
		Head:     Head{Name: hostile, Program: hostile, Host: hostile, Patterns: []string{hostile}},
		Warnings: []string{hostile}, Notes: []string{hostile},
		Packages: []string{hostile}, Files: []string{hostile}, Funcs: []Func{{Name: hostile}},
		Texts: []string{hostile}, Hooks: []string{hostile}, Hits: []Hit{{1, 0, 1, hostile}}, Names: []string{hostile},
	}
	page := render(t, d)
	if n := strings.Count(page, "<script"); n != 2 {
		t.Errorf("%d scripts in the page, want its own two", n)
	}
	if strings.Contains(page, "<img") || strings.Contains(page, "evil.example/x onerror=alert(2)>") {
		t.Error("markup from the recording is in the page")
	}
	var back Data
	if err := json.Unmarshal([]byte(embedded(t, page)), &back); err != nil {
		t.Fatal(err)
	}
	want := strings.ToValidUTF8(hostile, "\uFFFD")
	if back.Funcs[0].Name != want || back.Head.Name != want || back.Texts[0] != want {
		t.Errorf("%q came back as %q", want, back.Funcs[0].Name)
	}
}

// embedded returns the JSON in a page.
func embedded(t testing.TB, page string) string {
	t.Helper()
	_, rest, ok := strings.Cut(page, `<script type="application/json" id="data">`)
	data, _, end := strings.Cut(rest, "</script>")
	if !ok || !end {
		t.Fatal("the page has no data")
	}
	return data
}

// TestStandsAlone holds that a page asks for nothing from outside.
func TestStandsAlone(t *testing.T) {
	page := render(t, &Data{})
	for _, bad := range []string{"src=", "@import", "url(", "fetch(", "XMLHttpRequest", "import(", "WebSocket", "innerHTML", "eval("} {
		if strings.Contains(page, bad) {
			t.Errorf("the page has %q in it", bad)
		}
	}
	for _, u := range regexp.MustCompile(`https?://[^"' ]*`).FindAllString(page, -1) {
		if u != "http://www.w3.org/2000/svg" { // the name of SVG, which nobody loads
			t.Errorf("the page names %s", u)
		}
	}
	if !strings.Contains(page, "default-src &#39;none&#39;") {
		t.Error("the page has no content security policy")
	}
}

// TestBounded cuts everything, and says so.
func TestBounded(t *testing.T) {
	recording := reporttest.Make(reporttest.Options{Events: 60_000, Goroutines: 40, Turnover: 0.5, Values: true, Stacks: true, Hits: true, Lost: 0.001})
	limits := Limits{Funcs: 4, Edges: 3, Nodes: 10, Depth: 5, Lanes: 7, Slices: 300, Hits: 20, Gaps: 5, Text: 1000}
	d := build(t, recording, report.Filter{}, limits)
	text := 0
	for _, s := range d.Texts {
		text += len(s)
	}
	for _, c := range []struct {
		what      string
		got, most int
	}{
		{"functions", len(d.Funcs), limits.Funcs}, {"edges", len(d.Edges), limits.Edges}, {"nodes", len(d.Tree.Func), limits.Nodes},
		{"lanes", len(d.Lanes), limits.Lanes}, {"calls", len(d.Slices.Func), limits.Slices}, {"hits", len(d.Hits), limits.Hits},
		{"gaps", len(d.Gaps), 2 * limits.Gaps}, {"text", text, limits.Text},
	} {
		if c.got == 0 || c.got > c.most {
			t.Errorf("%d %s, want 1 to %d", c.got, c.what, c.most)
		}
	}
	notes := strings.Join(d.Notes, "\n")
	for _, want := range []string{"functions with most time", "Callers and callees", "contexts with most time", "calls deep", "busiest of", "of each stretch of time the longest", "evenly chosen", "places where events were lost", "Arguments and results"} {
		if !strings.Contains(notes, want) {
			t.Errorf("no note says %q:\n%s", want, notes)
		}
	}
	if len(d.Warnings) != 1 || !strings.Contains(d.Warnings[0], "events were lost") {
		t.Errorf("warnings: %q", d.Warnings)
	}
}

// TestCutOff has a page of a recording without an end, and of a damaged one.
func TestCutOff(t *testing.T) {
	recording := reporttest.Make(reporttest.Options{Events: 400_000, Goroutines: 1, Threads: 1})
	d := build(t, recording[:len(recording)*2/3], report.Filter{}, DefaultLimits)
	if len(d.Warnings) == 0 || !strings.Contains(d.Warnings[0], "cut off") || d.Head.Calls == 0 {
		t.Errorf("warnings %q, %d calls", d.Warnings, d.Head.Calls)
	}
	bad := bytes.Clone(recording)
	bad[len(bad)*2/3] ^= 0x55
	r, err := event.NewReader(bytes.NewReader(bad))
	if err != nil {
		t.Fatal(err)
	}
	d, _, err = Build(r, report.Filter{}, DefaultLimits)
	if err == nil {
		t.Error("no error of a damaged recording")
	}
	if page := render(t, d); !strings.Contains(page, "The recording is damaged") || d.Head.Calls == 0 {
		t.Error("the page of a damaged recording doesn't say so, or has nothing")
	}
}

// TestEmpty has pages of recordings with nothing in them, or only hooks.
func TestEmpty(t *testing.T) {
	e := event.NewEncoder(event.Meta{Program: `C:\bin\x.exe`, Patterns: []string{"*"}})
	e.Watermark(event.Watermark{Until: 5, Clock: event.Clock{Ticks: 5, Mono: 5, Wall: 5}})
	d := build(t, e.Take(), report.Filter{}, DefaultLimits)
	if d.Head.Name != "x.exe" || len(d.Tree.Func) != 1 || d.Duration < 1 {
		t.Errorf("%+v", d)
	}
	if page := render(t, d); strings.Contains(embedded(t, page), "null") {
		t.Errorf("lists are null, which the scripts don't expect: %s", embedded(t, page))
	}
}

// TestSize measures what DefaultLimits are for.
func TestSize(t *testing.T) {
	testenv.Need(t, testenv.NotShort)
	recording := reporttest.Make(reporttest.Options{Events: 1_000_000, Goroutines: 400, Turnover: 0.01, Values: true, Stacks: true, Hits: true})
	d := build(t, recording, report.Filter{}, DefaultLimits)
	n := len(render(t, d))
	t.Logf("%d bytes of recording, %d of page", len(recording), n)
	if n > 5<<20 || n < 1<<20 {
		t.Errorf("%d bytes of page, want 1 to 5 MiB", n)
	}
	if n := len(d.Slices.Func); n < DefaultLimits.Slices*9/10 {
		t.Errorf("only %d calls are in the timeline", n)
	}
}

// TestSizeOfMany has a page of a program with more functions than a page has.
func TestSizeOfMany(t *testing.T) {
	testenv.Need(t, testenv.NotShort)
	const funcs, calls = 5000, 40
	rnd := rand.New(rand.NewPCG(1, 2))
	e := event.NewEncoder(event.Meta{Program: "/bin/many", Patterns: []string{"*"}})
	var fs []event.Func
	var ss []event.Site
	for i := range funcs {
		name := fmt.Sprintf("example.com/some/longer/path/of/package%d.(*receiver%d).methodWithAName%d", i/50, i/7, i)
		fs = append(fs, event.Func{Name: name, Package: fmt.Sprintf("example.com/some/longer/path/of/package%d", i/50), File: "/home/user/src/example.com/some/longer/path/file.go", Line: i})
		ss = append(ss, event.Site{Func: i}, event.Site{Func: i, Return: true})
	}
	e.Funcs(fs)
	e.Sites(ss)
	now := uint64(1)
	mark := func() {
		e.Watermark(event.Watermark{Until: now, Clock: event.Clock{Ticks: now, Mono: int64(now), Wall: int64(now)}})
		now++
	}
	mark()
	for i := range funcs * calls {
		outer, inner := rnd.IntN(funcs), rnd.IntN(funcs)
		for _, s := range []int{2 * outer, 2 * inner, 2*inner + 1, 2*outer + 1} {
			now += uint64(math.Exp(rnd.Float64() * 14))
			depth := uint32(1)
			if s/2 == inner && s/2 != outer {
				depth = 2
			}
			e.Event(&event.Event{Ticks: now, G: uint64(i % 300), Site: s, SP: 160 + 64*depth, BP: 112 + 64*depth, Stack: -1})
		}
		if i%5000 == 0 {
			mark()
		}
	}
	mark()
	d := build(t, e.Take(), report.Filter{}, DefaultLimits)
	n := len(render(t, d))
	t.Logf("%d functions, %d nodes, %d edges, %d calls: %d bytes of page", len(d.Funcs), len(d.Tree.Func), len(d.Edges), len(d.Slices.Func), n)
	if n > 5<<20 || len(d.Funcs) != DefaultLimits.Funcs {
		t.Errorf("%d bytes of page, want 5 MiB at most", n)
	}
}

func FuzzBuild(f *testing.F) {
	f.Add(reporttest.Make(reporttest.Options{Events: 200, Lost: 0.01, Values: true, Stacks: true, Hits: true}))
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := event.NewReader(bytes.NewReader(b))
		if err != nil {
			return
		}
		d, _, _ := Build(r, report.Filter{}, Limits{Funcs: 5, Edges: 5, Nodes: 20, Depth: 4, Lanes: 3, Slices: 50, Hits: 5, Gaps: 2, Text: 300})
		check(t, d)
		if len(render(t, d)) == 0 {
			t.Fatal("no page")
		}
	})
}
