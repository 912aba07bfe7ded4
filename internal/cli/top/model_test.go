package top

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gkhi/gkhi/internal/control/client"
	"github.com/gkhi/gkhi/internal/control/wire"
)

// sample is a model of a process that has run for two seconds, with two hooks and three functions armed.
func sample(t *testing.T) *Model {
	t.Helper()
	m := NewModel(Config{
		Label: "kvd (4242)", Interval: time.Second, Zone: time.UTC, Functions: 3266,
		Started: began.Add(-190 * time.Second), Sort: ColumnNamed("total"),
	})
	p := newFake()
	sel, err := Choose(t.Context(), p, nil, 500)
	if err != nil {
		t.Fatal(err)
	}
	m.Handle(Listed{Hooks: sel.Hooks})
	armed := Armed{At: began, Note: sel.Note}
	for _, h := range sel.Hooks {
		if h.Kind != wire.KindChain {
			armed.Names = append(armed.Names, h.Name)
		}
	}
	m.Handle(armed)
	rows := []wire.StatRow{
		{Hook: "kvd.commit"}, {Hook: "kvd.conn"},
		{Hook: "main.(*server).handle", Function: true}, {Hook: "main.(*store).Put", Function: true},
	}
	for i := range 2 {
		book(&rows[0], 20+i, 0, 0)
		book(&rows[2], 100, 200*time.Microsecond, 50*time.Microsecond)
		book(&rows[3], 120*(i+1), 125*time.Microsecond, 125*time.Microsecond)
		m.Handle(Tick{Snapshot: client.Snapshot{Seq: uint64(i + 1), Time: began.Add(time.Duration(i+1) * time.Second).UnixNano(), Rows: slices.Clone(rows)}})
	}
	return m
}

// press presses keys: each character is one, and names are in <>.
func press(m *Model, keys string) (commands []Command, quit bool) {
	named := map[string]Key{
		"up": {Code: Up}, "down": {Code: Down}, "left": {Code: Left}, "right": {Code: Right}, "pgup": {Code: PageUp}, "pgdn": {Code: PageDown},
		"home": {Code: Home}, "end": {Code: End}, "enter": {Code: Enter}, "esc": {Code: Esc}, "bs": {Code: Backspace}, "^C": {Code: Interrupt},
		"^U": {Code: Erase}, "lt": {Rune: '<'}, "gt": {Rune: '>'},
	}
	for keys != "" {
		var k Key
		if keys[0] == '<' {
			name, rest, _ := strings.Cut(keys[1:], ">")
			k, keys = named[name], rest
			if k == (Key{}) {
				panic("no key " + name)
			}
		} else {
			k, keys = Key{Rune: rune(keys[0])}, keys[1:]
		}
		cs, q := m.Press(k)
		commands, quit = append(commands, cs...), quit || q
	}
	return commands, quit
}

// names are the rows' names, in order, the selected one in brackets.
func names(m *Model) string {
	var all []string
	for i, e := range m.rows {
		n := e.hook.Name[strings.LastIndexByte(e.hook.Name, '.')+1:]
		if i == m.selected() {
			n = "[" + n + "]"
		}
		all = append(all, n)
	}
	return strings.Join(all, " ")
}

func TestKeys(t *testing.T) {
	for _, tt := range []struct {
		keys, rows string
		commands   string
	}{
		{"", "[Put] handle commit conn main", ""},
		{"<down>", "Put [handle] commit conn main", ""},
		{"<down><down><up>", "Put [handle] commit conn main", ""},
		{"<up>", "[Put] handle commit conn main", ""},
		{"G", "Put handle commit conn [main]", ""},
		{"<end><home>", "[Put] handle commit conn main", ""},
		{"<pgdn>", "Put handle commit conn [main]", ""},
		{"r", "[commit] conn main handle Put", ""},
		// The cursor stays on the function while the order changes, but on top it stays on top.
		{"<down>r", "commit conn main [handle] Put", ""},
		{"<lt>", "[Put] handle commit conn main", ""},
		{"<lt><lt>", "[Put] handle commit conn main", ""},
		{"<left><left><left><left>", "[commit] conn handle Put main", ""},
		{"/main.ma<enter>", "Put handle commit conn [main]", ""},
		{"/MAIN.MA<enter>", "Put handle commit conn [main]", ""},
		{"/main<enter>n", "Put [handle] commit conn main", ""},
		{"/main<enter>N", "Put handle commit conn [main]", ""},
		{"/nothing<esc>", "[Put] handle commit conn main", ""},
		{"fkvd<enter>", "[commit] conn", ""},
		{"fkvdx<bs><enter>", "[commit] conn", ""},
		{"fx<^U>kvd<enter>", "[commit] conn", ""},
		{"fkvd<esc>", "[Put] handle commit conn main", ""},
		{"fkvd<enter><esc>", "[Put] handle commit conn main", ""},
		{"fmain.*e<enter>", "[handle]", ""},
		{"fzzz<enter>", "", ""},
		{"d", "[Put] handle commit conn main", "disarm main.(*store).Put"},
		{"<down>d", "Put [handle] commit conn main", "disarm main.(*server).handle"},
		{"a", "[Put] handle commit conn main", ""},
		{"mmd", "Put handle [commit] conn main", "disarm main.(*server).handle main.(*store).Put"},
		{"mmud", "Put handle [commit] conn main", "disarm kvd.commit"},
		{"fkvd<enter>Md", "[commit] conn", "disarm kvd.commit kvd.conn"},
		{"l", "[Put] handle commit conn main chain", "list"},
		{"lGa", "Put handle commit conn main [chain]", "list; arm kvd.chain"},
		{"pnet/http.* x.*<enter>", "[Put] handle commit conn main", "pattern net/http.* x.*"},
		{"p <enter>", "[Put] handle commit conn main", ""},
		{"pnet<esc>", "[Put] handle commit conn main", ""},
		{"<enter>", "[Put] handle commit conn main", "watch main.(*store).Put"},
		{"<enter><esc>", "[Put] handle commit conn main", "watch main.(*store).Put; unwatch"},
		{"<enter>d", "[Put] handle commit conn main", "watch main.(*store).Put; disarm main.(*store).Put"},
		{"fzzz<enter><enter>madMG<up><down>n", "", ""},
		{"?d", "[Put] handle commit conn main", ""},
	} {
		m := sample(t)
		commands, quit := press(m, tt.keys)
		if got := names(m); got != tt.rows || quit {
			t.Errorf("after %q: %s, want %s", tt.keys, got, tt.rows)
		}
		var got []string
		for _, c := range commands {
			op := []string{"", "arm", "disarm", "pattern", "list", "watch", "unwatch"}[c.Op]
			got = append(got, strings.TrimSpace(op+" "+strings.Join(c.Names, " ")))
		}
		if text := strings.Join(got, "; "); text != tt.commands {
			t.Errorf("after %q it asks for %q, want %q", tt.keys, text, tt.commands)
		}
	}
}

func TestQuit(t *testing.T) {
	for keys, want := range map[string]bool{"q": true, "<^C>": true, "/q": false, "/q<^C>": true, "?q": false, "<enter>q": true, "<enter><^C>": true} {
		if _, quit := press(sample(t), keys); quit != want {
			t.Errorf("%q quits: %v", keys, quit)
		}
	}
	m := sample(t)
	m.Handle(Ended{errors.New("the process has ended")})
	if _, quit := press(m, "x"); !quit || m.Err() == nil {
		t.Error("after the process has ended any key quits, and there is an error")
	}
}

// While it is paused the figures stay, and nothing is lost of them.
func TestPause(t *testing.T) {
	m := sample(t)
	put := func() uint64 { return m.entries["main.(*store).Put"].last.Calls }
	press(m, " ")
	row := wire.StatRow{Hook: "main.(*store).Put", Function: true}
	book(&row, 1000, time.Microsecond, time.Microsecond)
	m.Handle(Tick{Snapshot: client.Snapshot{Seq: 3, Time: began.Add(3 * time.Second).UnixNano(), Rows: []wire.StatRow{row}}})
	if n := put(); n != 360 {
		t.Errorf("while it is paused: %d calls", n)
	}
	press(m, " ")
	if n := put(); n != 1000 {
		t.Errorf("when it goes on: %d calls", n)
	}
}

func TestFigures(t *testing.T) {
	m := sample(t)
	put, handle := m.entries["main.(*store).Put"], m.entries["main.(*server).handle"]
	if f := put.last; f.Rate != 240 || f.Calls != 360 || f.Total != 30*time.Millisecond || f.Share < 85.6 || f.Share > 85.8 {
		t.Errorf("last interval: %+v", f)
	}
	if f := put.always; f.Rate != 180 || f.Calls != 360 || f.Total != 45*time.Millisecond {
		t.Errorf("since armed: %+v", f)
	}
	if f := handle.last; f.Self != 5*time.Millisecond || f.Total != 20*time.Millisecond {
		t.Errorf("last interval: %+v", f)
	}
	if m.rate != 240+100+21 {
		t.Errorf("%v calls a second", m.rate)
	}
	// What is armed and never called has no times, and no wild rates.
	if f := m.entries["main.main"].last; f.Rate != 0 || f.timed() || Columns[ColumnNamed("p99")].cell(&f) != "-" {
		t.Errorf("never called: %+v", f)
	}
}

func TestMessages(t *testing.T) {
	m := sample(t)
	for _, tt := range []struct {
		msg  Message
		want string
	}{
		{Note{errors.New("no hook matches x")}, "no hook matches x"},
		{Armed{At: began, Names: []string{"main.main"}}, "4 disarmed"},
		{Armed{At: began, Names: []string{"main.main", "kvd.conn"}}, "1 armed"},
		{Armed{At: began, Names: []string{"kvd.commit"}}, "1 armed, 2 disarmed"},
		{Armed{At: began, Names: []string{"kvd.commit"}, Skipped: []wire.Skip{{Name: "kvd.chain", Why: "it is one"}}}, "kvd.chain is left out: it is one"},
		{Listed{All: true}, fmt.Sprintf("%d hooks and functions are listed; those with . are not armed", len(m.entries))},
	} {
		m.Handle(tt.msg)
		if m.message != tt.want {
			t.Errorf("after %+v: %q, want %q", tt.msg, m.message, tt.want)
		}
	}
	if got := names(m); got != "[commit] conn handle Put main" {
		t.Errorf("what was armed is still shown, behind what is: %s", got)
	}
}
