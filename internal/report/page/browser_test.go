package page

import (
	"bytes"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/gkhi/gkhi/internal/event"
	"github.com/gkhi/gkhi/internal/report"
)

const (
	serveName = "example.com/app.serve"
	getName   = "example.com/app/db.(*DB).Get"
	putName   = "example.com/app/db.(*DB).Put"
	evilName  = `evil.</script><img src=x onerror=alert(1)><b>`
)

// known records a program of which every figure is known. A tick is a ns. Goroutine 1 serves from 1 µs to 110 µs, and
// gets ten times for 4 µs and puts as often for 1 µs; goroutine 2 makes one call with an evil name; then
// events are lost, and goroutine 3 gets once for 1 µs.
func known(t testing.TB) []byte {
	t.Helper()
	e := event.NewEncoder(event.Meta{
		Program: "/srv/app", PID: 77, Host: "<i>host</i>", Arch: "amd64", Go: "go1.26.0", Version: "v1", Patterns: []string{"*"}, Started: 1767366245e9,
	})
	e.Funcs([]event.Func{
		{Name: serveName, Package: "example.com/app", File: "/src/app.go", Line: 3},
		{Name: getName, Package: "example.com/app/db", File: "/src/db/db.go", Line: 10,
			Params: []event.Param{{Name: "key", Type: "string", Kind: event.String}}, Results: []event.Param{{Name: "err", Type: "error", Kind: event.Interface}}},
		{Name: putName, Package: "example.com/app/db", File: "/src/db/db.go", Line: 20},
		{Name: evilName, Package: "evil", File: evilName, Line: 1},
	})
	e.Hooks([]string{"app.done<b>"})
	e.Sites([]event.Site{
		{Func: 0}, {Func: 0, Return: true},
		{Func: 1, Words: []event.Word{{Param: 0, Part: 1}}}, {Func: 1, Return: true, Words: []event.Word{{Param: 0, Part: 0}}},
		{Func: 2}, {Func: 2, Return: true}, {Func: 3}, {Func: 3, Return: true},
	})
	mark := func(at, lost uint64) {
		e.Watermark(event.Watermark{Until: at, Clock: event.Clock{Ticks: at, Mono: int64(at), Wall: 1767366245e9 + int64(at)}, Lost: lost})
	}
	add := func(at, g uint64, fn int, ret, gap bool, depth uint32, words ...uint64) {
		ev := event.Event{Ticks: at, G: g, Site: 2 * fn, Thread: int(g), CPU: 0, SP: 160 + 64*(depth+1), BP: 160 + 64*depth + 16, Stack: -1, Gap: gap, Words: words}
		if ret {
			ev.Site++
		}
		e.Event(&ev)
	}
	mark(0, 0)
	add(1000, 1, 0, false, false, 0)
	for i := range uint64(10) {
		at := 2000 + i*10_000
		add(at, 1, 1, false, false, 1, i)
		add(at+4000, 1, 1, true, false, 1, i%2)
		add(at+5000, 1, 2, false, false, 1)
		add(at+6000, 1, 2, true, false, 1)
	}
	add(110_000, 1, 0, true, false, 0)
	add(5000, 2, 3, false, false, 0)
	add(6000, 2, 3, true, false, 0)
	e.Hit(&event.Hit{Ticks: 50_000, G: 1, Fields: []byte(`{"Name":"<u>x</u>"}`)})
	mark(115_000, 0)
	add(121_000, 3, 1, false, true, 0, 99)
	add(122_000, 3, 1, true, false, 0, 0)
	mark(130_000, 12)
	var b bytes.Buffer
	w := event.NewWriter(&b)
	if _, err := w.Write(e.Take()); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestInBrowser uses the page as people do.
func TestInBrowser(t *testing.T) {
	b := newBrowser(t)
	file := filepath.Join(t.TempDir(), "page.html")
	if err := os.WriteFile(file, []byte(render(t, build(t, known(t), report.Filter{}, DefaultLimits))), 0o600); err != nil {
		t.Fatal(err)
	}
	address := (&url.URL{Scheme: "file", Path: file}).String()
	b.open(address)

	const names = `[...document.querySelectorAll("#functions tbody tr")].map((r) => r.querySelector("th").textContent)`
	cells := func(name string) string {
		return `[...[...document.querySelectorAll("#functions tbody tr")].find((r) => r.querySelector("th").textContent === "` + name + `").cells].map((c) => c.textContent)`
	}

	// The head, its warning, and names that look like markup.
	b.want(`document.title`, `"app – gkhi report"`)
	b.want(`document.querySelectorAll(".warnings li").length`, `1`)
	b.want(`document.querySelector(".warnings li").textContent.startsWith("12 events were lost")`, `true`)
	b.want(`[...document.querySelectorAll("#head dd")].some((d) => d.textContent === "<i>host</i>")`, `true`)
	b.want(`document.querySelectorAll("img, i, u, script:not(#data)").length`, `1`)

	// Figures: calls, rate, errors, total, self, percentiles, maximum.
	b.want(cells("db.(*DB).Get"), `["db.(*DB).Get","11","84\u202f615","5","41µs","41µs","3.97µs","3.97µs","3.97µs","4µs",""]`)
	b.want(cells("app.serve"), `["app.serve","1","7\u202f692","","109µs","59µs","109µs","109µs","109µs","109µs",""]`)

	// Sorting: at first by self, then by what is clicked, and back to front.
	b.want(names, `["app.serve","db.(*DB).Get","db.(*DB).Put","script><img src=x onerror=alert(1)><b>"]`)
	b.want(`document.querySelectorAll("#functions tbody th")[3].title`, `"evil.</script><img src=x onerror=alert(1)><b>"`)
	b.click(`document.querySelector("[data-sort=calls]")`, "")
	b.want(names+`[0]`, `"db.(*DB).Get"`)
	b.want(`document.querySelector("[data-sort=calls]").closest("th").getAttribute("aria-sort")`, `"descending"`)
	b.click(`document.querySelector("[data-sort=calls]")`, "")
	b.want(names+`.at(-1)`, `"db.(*DB).Get"`)

	// The filter: part of a name, then a pattern; Escape clears it.
	b.click(`document.getElementById("filter")`, "")
	b.write("put")
	b.want(names, `["db.(*DB).Put"]`)
	b.want(`document.getElementById("flame-status").textContent.startsWith("The filter matches 9.0% of the time shown (10µs)")`, `true`)
	b.eval(`document.getElementById("filter").select()`)
	b.write("*db.(*DB).?et")
	b.want(names, `["db.(*DB).Get"]`)
	b.want(`location.hash`, `"#q=*db.%28*DB%29.%3Fet&sort=calls.up"`)
	b.key("Escape")
	b.want(names+`.length`, `4`)

	// Selection of a row: latencies, callers, callees.
	b.click(`[...document.querySelectorAll("#functions tbody tr")].find((r) => r.textContent.startsWith("db.(*DB).Get"))`, "")
	b.want(`document.querySelector("#detail h2").textContent`, `"db.(*DB).Get"`)
	b.want(`[...document.querySelectorAll("#detail .bars .label")].map((l) => l.textContent)`, `["app.serve","none that was recorded"]`)
	b.want(`document.querySelector("#detail .bars .value").textContent`, `"40µs  10×"`)
	b.want(`document.querySelectorAll("#detail svg.hist rect").length`, `2`)
	b.want(`document.querySelectorAll("tr.selected").length`, `1`)

	// The flame graph: zoom by click, the path back, keys.
	const canvas = `report.flame.canvas`
	frame := func(name string) string { return `report.flame.frames().find((f) => f.name === "` + name + `")` }
	inFrame := func(name string) string {
		return `(() => { const f = ` + frame(name) + `; return f && {x: f.x + f.width / 2, y: f.y}; })()`
	}
	b.click(canvas, inFrame(putName))
	b.want(`[...document.querySelectorAll(".crumbs button")].map((c) => c.textContent)`, `["all","app.serve","db.(*DB).Put"]`)
	b.want(`(`+frame(putName)+`).width === report.flame.canvas.clientWidth`, `true`)
	b.want(`document.querySelector("#detail h2").textContent`, `"db.(*DB).Put"`)
	b.key("Backspace")
	b.want(`[...document.querySelectorAll(".crumbs button")].map((c) => c.textContent)`, `["all","app.serve"]`)
	b.want(`Math.abs((`+frame(getName)+`).width / report.flame.canvas.clientWidth - 40 / 109) < 0.01`, `true`)
	b.click(`document.querySelector(".crumbs button")`, "")
	b.want(`report.state.node`, `0`)

	// The timeline: a call with its arguments and results, a hook's hit, the gap.
	const lanes = `report.timeline.canvas`
	inBox := func(test string) string {
		return `(() => { const o = report.timeline.boxes().find((o) => ` + test + `); return o && {x: o.x + o.w / 2, y: o.y + o.h / 2}; })()`
	}
	b.want(`report.timeline.boxes().filter((o) => o.kind === "slice").length`, `23`)
	b.click(lanes, inBox(`o.name === "`+getName+`" && report.data.slices.start[o.i] === 32000`))
	b.want(`document.querySelector(".inspector strong").textContent`, `"db.(*DB).Get"`)
	b.want(`[...document.querySelectorAll(".inspector .fact")].map((f) => f.textContent)`,
		`["took4µs","self4µs","argumentskey=len 3","resultserr=non-nil","goroutine1","at32µs","callerapp.serve"]`)
	b.click(lanes, inBox(`o.kind === "hit"`))
	b.want(`document.querySelector(".inspector").textContent`, `"app.done<b>at50µsgoroutine1event{\"Name\":\"<u>x</u>\"}"`)
	b.want(`report.timeline.boxes().filter((o) => o.kind === "gap").length`, `1`)

	// Zoom by wheel, around the pointer; pan by drag; all.
	x, y := b.place(lanes, `{x: 600, y: 10}`)
	b.mouse("mouseWheel", x, y, map[string]any{"deltaX": 0, "deltaY": -300, "modifiers": 2})
	b.want(`report.state.to - report.state.from < 80000 && report.state.from > 0 && report.state.to < 130000`, `true`)
	b.want(`/t=\d+-\d+/.test(location.hash)`, `true`)
	before := b.eval(`report.state.from`)
	b.mouse("mousePressed", x, y, map[string]any{"button": "left", "clickCount": 1, "buttons": 1})
	b.mouse("mouseMoved", x-80, y, map[string]any{"button": "left", "buttons": 1})
	b.mouse("mouseReleased", x-80, y, map[string]any{"button": "left", "clickCount": 1})
	b.want(`report.state.from > `+before, `true`)
	b.key("0")
	b.want(`[report.state.from, report.state.to]`, `[0,130000]`)

	// Goroutines without a call in the range are hidden, until they are asked for.
	b.eval(`report.state.set({from: 120500, to: 123000})`)
	b.want(`report.data.shown.map((l) => l.g)`, `[3]`)
	b.click(`[...document.querySelectorAll("#timeline button")].find((b) => b.textContent === "Idle goroutines")`, "")
	b.want(`report.data.shown.map((l) => l.g)`, `[1,2,3]`)

	// The table by keys alone.
	b.key("Escape")
	b.want(`report.state.sel.length`, `0`)
	b.eval(`document.querySelector("#functions tbody tr").focus()`)
	b.key("ArrowDown")
	b.key("Enter")
	b.want(`document.querySelector("#detail h2").textContent === `+names+`[1]`, `true`)
	b.key("/")
	b.want(`document.activeElement.id`, `"filter"`)

	// A view from its address; what the address can't mean is passed over.
	b.open(address + "#sel=" + url.QueryEscape(putName) + "&sel=" + url.QueryEscape(evilName) + "&sel=no.such&q=db&sort=name.up&node=3&t=2000-50000&flip=1&slice=999")
	b.want(`[...document.querySelectorAll("#chips .chip")].map((c) => c.title)`, `["`+putName+`","evil.</script><img src=x onerror=alert(1)><b>"]`)
	b.want(names, `["db.(*DB).Get","db.(*DB).Put"]`)
	b.want(`[report.state.node, report.state.from, report.state.to, report.state.flip, report.state.slice]`, `[3,2000,50000,true,-1]`)
	b.want(`document.getElementById("filter").value`, `"db"`)
	b.want(`document.querySelectorAll("#detail svg.hist g.hist-bars").length`, `2`)
	b.eval(`location.hash = "#node=9999&t=7-3&sort=nonsense&sel="`)
	b.want(`[report.state.node, report.state.from, report.state.to, report.state.sort, report.state.sel.length]`, `[0,0,130000,"self",0]`)

	// Dark draws other colours, paper the light ones.
	pixel := `(() => {
		report.flame.draw();
		const g = new OffscreenCanvas(1, 1).getContext("2d", {willReadFrequently: true});
		g.drawImage(report.flame.canvas, -60, -10);
		return [...g.getImageData(0, 0, 1, 1).data].join();
	})()`
	light := b.eval(pixel)
	b.media("dark")
	b.want(pixel+` !== `+light, `true`)
	b.eval(`dispatchEvent(new Event("beforeprint"))`)
	b.want(pixel, light)
	b.eval(`dispatchEvent(new Event("afterprint"))`)

	b.noFaults()

	// The policy holds: neither a request nor a script that somebody slipped in gets through.
	b.want(`new Promise((done) => {
		const seen = [];
		addEventListener("securitypolicyviolation", (e) => { seen.push(e.effectiveDirective); if (seen.length === 2) done(seen.sort().join()); });
		const s = document.createElement("script");
		s.textContent = "window.slipped = 1";
		document.body.append(s);
		fetch("http://127.0.0.1:9/").catch(() => {});
	})`, `"connect-src,script-src-elem"`)
	b.want(`window.slipped === undefined`, `true`)
}

// TestEmptyInBrowser opens pages of recordings with nothing in them, and with hooks only.
func TestEmptyInBrowser(t *testing.T) {
	b := newBrowser(t)
	for _, hits := range []int{0, 3} {
		e := event.NewEncoder(event.Meta{Program: "/srv/app", Patterns: []string{"*"}})
		e.Hooks([]string{"app.done"})
		at := func(n uint64) event.Clock { return event.Clock{Ticks: n, Mono: int64(n), Wall: int64(n)} }
		e.Watermark(event.Watermark{Until: 10, Clock: at(10)})
		for i := range hits {
			e.Hit(&event.Hit{Ticks: uint64(20 + 100*i), Fields: []byte(`{}`)})
		}
		e.Watermark(event.Watermark{Until: 1000, Clock: at(1000)})
		file := filepath.Join(t.TempDir(), "page.html")
		if err := os.WriteFile(file, []byte(render(t, build(t, e.Take(), report.Filter{}, DefaultLimits))), 0o600); err != nil {
			t.Fatal(err)
		}
		b.open((&url.URL{Scheme: "file", Path: file}).String())
		b.want(`document.querySelector("#functions .empty").textContent`, `"No function was recorded."`)
		b.want(`report.timeline.boxes().filter((o) => o.kind === "hit").length`, strconv.Itoa(hits))
		b.noFaults()
	}
}
