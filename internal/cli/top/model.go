package top

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/gkhi/gkhi/internal/cli/draw"
	"github.com/gkhi/gkhi/internal/control/wire"
	"github.com/gkhi/gkhi/internal/glob"
)

// A Config is what a model does not find out by itself.
type Config struct {
	Label     string         // of the process: kvd (4242)
	Interval  time.Duration  // between snapshots
	Zone      *time.Location // in which times are shown
	Functions int            // that the process has points in
	Started   time.Time      // when the process did; zero where unknown
	Sort      int            // index of Columns
	Cumulated bool           // begin with figures since functions were armed
	Reverse   bool
	Short     bool // show names without the path of their package, where that is clear
}

// A Model is what is shown and chosen. It is not safe for concurrent use.
type Model struct {
	Config
	book    *Book
	entries map[string]*entry
	names   *draw.Names // by which they are shown
	all     bool        // entries are all there are
	rows    []*entry

	at      time.Time     // of the figures shown
	took    time.Duration // their interval
	rate    float64       // calls per second, of all
	untimed float64       // percent of calls
	skipped uint64        // snapshots
	dormant bool          // show those that are not armed, too
	paused  bool
	filter  string
	search  string
	marks   map[string]bool
	cursor  string // name of the row selected; empty for the first, whichever that is
	top     int    // row at the top of the screen
	page    int    // rows that fit; render sets it
	input   *input
	help    bool
	detail  *detail
	note    string // about what is armed
	message string // until the next key
	bad     bool   // the message is about a failure
	ended   error
	begun   bool // something was armed, or nothing was to be
}

// An entry is a hook or a function.
type entry struct {
	hook         wire.Hook
	armed        bool
	touched      bool // it is armed or was
	last, always Figures
}

// An input is a line that is being typed.
type input struct {
	prompt string
	text   []rune
	before string // what Esc goes back to
	change func(text string)
	enter  func(text string) []Command
}

// NewModel returns a model that shows nothing yet.
func NewModel(c Config) *Model {
	m := &Model{Config: c, book: NewBook(c.Interval), entries: map[string]*entry{}, marks: map[string]bool{}, page: 20}
	if c.Short {
		m.names = draw.NewNames()
	}
	return m
}

// Err is why the process has nothing more to say; nil while it has.
func (m *Model) Err() error { return m.ended }

// Handle takes a message of the engine.
func (m *Model) Handle(msg Message) {
	switch msg := msg.(type) {
	case Listed:
		for _, h := range msg.Hooks {
			m.entry(h.Name).hook = h
		}
		if msg.All && !m.all {
			m.all = true
			m.say("%d hooks and functions are listed; those with . are not armed", len(m.entries))
		}
	case Armed:
		m.arm(msg)
	case Tick:
		m.book.Add(msg.Snapshot)
		m.skipped = msg.Dropped
		m.pull()
	case Edges:
		if m.detail != nil && m.detail.name == msg.Name && !m.paused {
			if msg.Err == nil {
				m.detail.graph = msg.Graph
			}
			m.detail.err = msg.Err
		}
	case Note:
		m.fail(msg.Err)
	case Ended:
		m.ended = msg.Err
	}
	m.arrange()
}

func (m *Model) say(format string, args ...any) {
	m.message, m.bad = fmt.Sprintf(format, args...), false
}

func (m *Model) fail(err error) { m.message, m.bad = err.Error(), true }

func (m *Model) entry(name string) *entry {
	e := m.entries[name]
	if e == nil {
		e = &entry{hook: wire.Hook{Name: name}}
		e.last.Name, e.always.Name = name, name
		m.entries[name] = e
		m.names.Add(name)
	}
	return e
}

// arm takes note of what is armed now.
func (m *Model) arm(a Armed) {
	m.book.Begin(a.At, a.Names)
	armed := make(map[string]bool, len(a.Names))
	for _, n := range a.Names {
		armed[n] = true
		m.entry(n)
	}
	on, off := 0, 0
	for name, e := range m.entries {
		switch {
		case armed[name] && !e.armed:
			on++
		case !armed[name] && e.armed:
			off++
		}
		e.armed = armed[name]
		e.touched = e.touched || e.armed
	}
	if a.Note != "" || on+off > 0 {
		m.note = a.Note
	}
	switch first := !m.begun; {
	case len(a.Skipped) == 1:
		m.say("%s is left out: %s", a.Skipped[0].Name, a.Skipped[0].Why)
	case len(a.Skipped) > 1:
		m.say("%s is left out: %s; so are %d others", a.Skipped[0].Name, a.Skipped[0].Why, len(a.Skipped)-1)
	case first:
	case on > 0 && off > 0:
		m.say("%d armed, %d disarmed", on, off)
	case on > 0:
		m.say("%d armed", on)
	case off > 0:
		m.say("%d disarmed", off)
	}
	m.begun = true
	m.marks = map[string]bool{}
	m.pull()
}

// pull takes the figures from the book, unless they are to stay as they are.
func (m *Model) pull() {
	if m.paused {
		return
	}
	m.at, m.took, m.untimed, m.rate = m.book.At(), m.book.Took(), m.book.untimed, 0
	last, always := m.book.figures(false), m.book.figures(true)
	for i := range last {
		e := m.entry(last[i].Name)
		e.last, e.always = last[i], always[i]
		m.rate += e.last.Rate
	}
}

// figures returns those of an entry in the time that is shown.
func (m *Model) figures(e *entry) *Figures {
	if m.Cumulated {
		return &e.always
	}
	return &e.last
}

// arrange chooses and sorts the rows.
func (m *Model) arrange() {
	match := matcher(m.filter)
	m.rows = m.rows[:0]
	for _, e := range m.entries {
		if (e.touched || m.dormant) && match(e.hook.Name) {
			m.rows = append(m.rows, e)
		}
	}
	column := Columns[m.Sort]
	slices.SortFunc(m.rows, func(a, b *entry) int {
		// What is dormant has no figures to compare.
		if a.armed != b.armed && column.Key != "name" {
			if a.armed {
				return -1
			}
			return 1
		}
		c := column.compare(m.figures(a), m.figures(b))
		if m.Reverse {
			c = -c
		}
		return cmp.Or(c, strings.Compare(a.hook.Name, b.hook.Name))
	})
}

// matcher returns what matches text: part of a name, whatever the case, or a pattern.
func matcher(text string) func(string) bool {
	if text == "" {
		return func(string) bool { return true }
	}
	lower := strings.ToLower(text)
	pattern, err := glob.Compile(text)
	return func(name string) bool {
		return strings.Contains(strings.ToLower(name), lower) || err == nil && pattern.Match(name)
	}
}

// selected returns the index of the row that the cursor is on; -1 when there are none.
func (m *Model) selected() int {
	if len(m.rows) == 0 {
		return -1
	}
	i := slices.IndexFunc(m.rows, func(e *entry) bool { return e.hook.Name == m.cursor })
	return max(i, 0)
}

// move puts the cursor on a row. On the first it stays there, whatever comes to be the first.
func (m *Model) move(to int) {
	to = min(max(to, 0), len(m.rows)-1)
	m.cursor = ""
	if to > 0 {
		m.cursor = m.rows[to].hook.Name
	}
}

// chosen returns the names that a command is about: those marked, or the one at the cursor.
func (m *Model) chosen() []string {
	if m.detail != nil {
		return []string{m.detail.name}
	}
	if len(m.marks) > 0 {
		return slices.Sorted(maps.Keys(m.marks))
	}
	if i := m.selected(); i >= 0 {
		return []string{m.rows[i].hook.Name}
	}
	return nil
}

// change asks to arm what is chosen, or to disarm it.
func (m *Model) change(on bool) []Command {
	names := slices.DeleteFunc(m.chosen(), func(n string) bool { return m.entries[n] == nil || m.entries[n].armed == on })
	op, already := OpArm, "it is armed"
	if !on {
		op, already = OpDisarm, "it is not armed"
	}
	if len(names) == 0 {
		m.say("%s", already)
		return nil
	}
	return []Command{{Op: op, Names: names}}
}

// find moves the cursor to the next row that matches the search, or stays.
func (m *Model) find(from, step int) {
	match := matcher(m.search)
	for n := range m.rows {
		i := ((from+step*n)%len(m.rows) + len(m.rows)) % len(m.rows)
		if match(m.rows[i].hook.Name) {
			m.move(i)
			return
		}
	}
	if m.search != "" {
		m.say("no row has %s; l lists what is not armed, too", m.search)
	}
}
