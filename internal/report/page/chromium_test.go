package page

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gkhi/gkhi/internal/testenv"
)

// A browser is one page of a headless Chromium, driven through its debugging pipe: JSON messages that end in a zero byte, on
// file descriptors 3 and 4. No port is opened. It is some hundred lines in place of a dependency with a dozen of its own.
type browser struct {
	t       testing.TB
	in      io.Writer
	session string

	mu       sync.Mutex
	id       int
	answers  map[int]chan message
	loaded   chan struct{}
	dead     chan struct{} // closed when it has gone
	faults   []string      // errors on the console, exceptions, dialogs
	requests []string      // that it sent, but for the page itself
}

type message struct {
	ID     int             `json:"id,omitempty"`
	Method string          `json:"method,omitempty"`
	Params json.RawMessage `json:"params,omitempty"`
	Result json.RawMessage `json:"result,omitempty"`
	Error  *struct {
		Message string `json:"message"`
	} `json:"error,omitempty"`
	Session string `json:"sessionId,omitempty"`
}

// answerTime is how long an answer may take on a machine that is busy with other things.
const answerTime = time.Minute

// newBrowser starts Chromium, which ends with the test.
func newBrowser(t testing.TB) *browser {
	t.Helper()
	testenv.Need(t, testenv.Linux, testenv.Native, testenv.Tool("chromium"))
	dir := t.TempDir()
	cmd := exec.CommandContext(t.Context(), "chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic",
		"--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-extensions",
		"--disable-dev-shm-usage", "--user-data-dir="+dir, "--remote-debugging-pipe", "about:blank")
	cmd.Env = append(os.Environ(), "TMPDIR="+dir) // where it leaves files behind
	theirIn, in, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	out, theirOut, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.ExtraFiles = []*os.File{theirIn, theirOut}
	var log bytes.Buffer
	cmd.Stderr = &log
	cmd.WaitDelay = 10 * time.Second
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	theirIn.Close()
	theirOut.Close()
	b := &browser{t: t, in: in, answers: map[int]chan message{}, loaded: make(chan struct{}, 8), dead: make(chan struct{})}
	go b.read(out)
	t.Cleanup(func() {
		b.send("Browser.close", nil, "")
		select {
		case <-b.dead:
		case <-time.After(20 * time.Second):
			cmd.Process.Kill()
		}
		in.Close()
		cmd.Wait()
		out.Close()
		if b.session == "" {
			t.Logf("Chromium said:\n%s", log.String())
		}
	})

	var target struct{ TargetID string }
	b.call("Target.createTarget", map[string]any{"url": "about:blank"}, &target)
	var attached struct{ SessionID string }
	b.call("Target.attachToTarget", map[string]any{"targetId": target.TargetID, "flatten": true}, &attached)
	b.session = attached.SessionID
	for _, domain := range []string{"Page", "Runtime", "Log", "Network"} {
		b.call(domain+".enable", nil, nil)
	}
	b.call("Emulation.setDeviceMetricsOverride", map[string]any{"width": 1400, "height": 1000, "deviceScaleFactor": 1, "mobile": false}, nil)
	b.media("light")
	return b
}

// media sets the colour scheme; motion is always reduced, so that nothing has to be waited for.
func (b *browser) media(scheme string) {
	b.t.Helper()
	b.call("Emulation.setEmulatedMedia", map[string]any{"features": []map[string]string{
		{"name": "prefers-color-scheme", "value": scheme}, {"name": "prefers-reduced-motion", "value": "reduce"},
	}}, nil)
}

// read takes what Chromium says, until it ends.
func (b *browser) read(out io.Reader) {
	defer close(b.dead)
	r := bufio.NewReaderSize(out, 1<<16)
	for {
		raw, err := r.ReadBytes(0)
		if err != nil {
			return
		}
		var m message
		if err := json.Unmarshal(raw[:len(raw)-1], &m); err != nil {
			return
		}
		b.mu.Lock()
		if c := b.answers[m.ID]; m.ID != 0 && c != nil {
			delete(b.answers, m.ID)
			c <- m
		} else {
			b.event(m)
		}
		b.mu.Unlock()
	}
}

// event notes what must not happen.
func (b *browser) event(m message) {
	var p struct {
		Type    string
		Request struct{ URL string }
		Entry   struct{ Level, Text string }
		Message string
	}
	json.Unmarshal(m.Params, &p)
	switch m.Method {
	case "Page.loadEventFired":
		b.loaded <- struct{}{}
	case "Runtime.exceptionThrown", "Page.javascriptDialogOpening":
		b.faults = append(b.faults, m.Method+": "+string(m.Params))
	case "Runtime.consoleAPICalled":
		if p.Type == "error" || p.Type == "warning" || p.Type == "assert" {
			b.faults = append(b.faults, "console: "+string(m.Params))
		}
	case "Log.entryAdded":
		b.faults = append(b.faults, "log: "+p.Entry.Text)
	case "Network.requestWillBeSent":
		if !strings.HasPrefix(p.Request.URL, "file://") || !strings.HasSuffix(strings.SplitN(p.Request.URL, "#", 2)[0], ".html") {
			b.requests = append(b.requests, p.Request.URL)
		}
	}
}

func (b *browser) send(method string, params any, session string) chan message {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.id++
	raw, err := json.Marshal(params)
	if params == nil {
		raw, err = []byte("{}"), nil
	}
	if err != nil {
		b.t.Fatal(err)
	}
	line, err := json.Marshal(message{ID: b.id, Method: method, Params: raw, Session: session})
	if err != nil {
		b.t.Fatal(err)
	}
	c := make(chan message, 1)
	b.answers[b.id] = c
	b.in.Write(append(line, 0)) // when that fails no answer comes
	return c
}

// call sends a command and waits for its result.
func (b *browser) call(method string, params, result any) {
	b.t.Helper()
	c := b.send(method, params, b.session)
	select {
	case m := <-c:
		if m.Error != nil {
			b.t.Fatalf("%s: %s", method, m.Error.Message)
		}
		if result != nil {
			if err := json.Unmarshal(m.Result, result); err != nil {
				b.t.Fatalf("%s: %v in %s", method, err, m.Result)
			}
		}
	case <-b.dead:
		b.t.Fatalf("%s: Chromium has ended", method)
	case <-time.After(answerTime):
		b.t.Fatalf("%s: no answer in %v", method, answerTime)
	}
}

// open loads a page. One that differs in the fragment only is loaded anew as well.
func (b *browser) open(url string) {
	b.t.Helper()
	b.call("Page.navigate", map[string]any{"url": "about:blank"}, nil)
	b.awaitLoad()
	b.call("Page.navigate", map[string]any{"url": url}, nil)
	b.awaitLoad()
}

func (b *browser) awaitLoad() {
	b.t.Helper()
	select {
	case <-b.loaded:
	case <-b.dead:
		b.t.Fatal("Chromium has ended")
	case <-time.After(answerTime):
		b.t.Fatal("the page does not load")
	}
}

// eval runs a script's expression and returns its value, as JSON.
func (b *browser) eval(script string) string {
	b.t.Helper()
	var r struct {
		Result           struct{ Value json.RawMessage }
		ExceptionDetails json.RawMessage
	}
	b.call("Runtime.evaluate", map[string]any{"expression": script, "returnByValue": true, "awaitPromise": true}, &r)
	if r.ExceptionDetails != nil {
		b.t.Fatalf("%s: %s", script, r.ExceptionDetails)
	}
	return plain(b.t, string(r.Result.Value))
}

// plain writes JSON in one of its many forms.
func plain(t testing.TB, text string) string {
	t.Helper()
	if text == "" {
		return "" // undefined
	}
	var v any
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// want waits until a script's expression has a value, given as JSON.
func (b *browser) want(script, value string) {
	b.t.Helper()
	value = plain(b.t, value)
	got := ""
	for end := time.Now().Add(answerTime / 4); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if got = b.eval(script); got == value {
			return
		}
	}
	b.t.Errorf("%s\n got %s\nwant %s", script, got, value)
}

// place returns where something is, in the window, after it was scrolled there. The script's value has its x and y within the element.
func (b *browser) place(element, script string) (x, y float64) {
	b.t.Helper()
	b.eval(element + `.scrollIntoView({block: "center"})`)
	b.eval(`new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))`)
	var at struct{ X, Y float64 }
	raw := b.eval(fmt.Sprintf(`(() => { const r = %s.getBoundingClientRect(), p = %s; return p && {x: r.left + p.x, y: r.top + p.y}; })()`, element, script))
	if err := json.Unmarshal([]byte(raw), &at); err != nil || raw == "null" {
		b.t.Fatalf("%s is not on the page: %s, %v", script, raw, err)
	}
	return at.X, at.Y
}

func (b *browser) mouse(kind string, x, y float64, more map[string]any) {
	b.t.Helper()
	p := map[string]any{"type": kind, "x": x, "y": y, "button": "none"}
	for k, v := range more {
		p[k] = v
	}
	b.call("Input.dispatchMouseEvent", p, nil)
}

// click clicks into an element, in its middle when the script is empty.
func (b *browser) click(element, script string) {
	b.t.Helper()
	if script == "" {
		script = fmt.Sprintf(`{x: %[1]s.getBoundingClientRect().width / 2, y: %[1]s.getBoundingClientRect().height / 2}`, element)
	}
	x, y := b.place(element, script)
	b.mouse("mouseMoved", x, y, nil)
	b.mouse("mousePressed", x, y, map[string]any{"button": "left", "clickCount": 1, "buttons": 1})
	b.mouse("mouseReleased", x, y, map[string]any{"button": "left", "clickCount": 1})
}

// key presses and releases a key that makes no text.
func (b *browser) key(name string) {
	b.t.Helper()
	for _, kind := range []string{"rawKeyDown", "keyUp"} {
		b.call("Input.dispatchKeyEvent", map[string]any{"type": kind, "key": name}, nil)
	}
}

// write types text into what has the focus.
func (b *browser) write(text string) {
	b.t.Helper()
	b.call("Input.insertText", map[string]any{"text": text}, nil)
}

// noFaults fails the test for all that must not have happened.
func (b *browser) noFaults() {
	b.t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, f := range b.faults {
		b.t.Errorf("the page had a fault: %s", f)
	}
	for _, u := range b.requests {
		b.t.Errorf("the page asked for %s", u)
	}
}
