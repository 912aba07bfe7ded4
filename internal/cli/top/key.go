package top

import (
	"strings"
	"unicode"
)

// A Key is a press of a key: a rune, or a code where it is none.
type Key struct {
	Code Code
	Rune rune
}

// A Code is a key that is no character.
type Code uint8

// The codes.
const (
	Char Code = iota // Key.Rune
	Up
	Down
	Left
	Right
	PageUp
	PageDown
	Home
	End
	Enter
	Esc
	Backspace
	Interrupt // Ctrl-C
	Erase     // Ctrl-U: the whole line
)

// Press takes a key, and returns what to ask the engine for, and whether to end.
func (m *Model) Press(k Key) (commands []Command, quit bool) {
	m.message, m.bad = "", false
	if m.ended != nil || k.Code == Interrupt {
		return nil, true
	}
	switch {
	case m.input != nil:
		commands = m.typed(k)
	case m.help:
		m.help = false
	case k.Rune == 'q':
		return nil, true
	case k.Rune == '?':
		m.help = true
	case m.detail != nil:
		commands = m.detailKey(k)
	default:
		commands = m.listKey(k)
	}
	m.arrange()
	return commands, false
}

// listKey takes a key of the table.
func (m *Model) listKey(k Key) []Command {
	at := m.selected()
	switch {
	case k.Code == Up || k.Rune == 'k':
		m.move(at - 1)
	case k.Code == Down || k.Rune == 'j':
		m.move(at + 1)
	case k.Code == PageUp:
		m.move(at - m.page)
	case k.Code == PageDown:
		m.move(at + m.page)
	case k.Code == Home || k.Rune == 'g':
		m.move(0)
	case k.Code == End || k.Rune == 'G':
		m.move(len(m.rows) - 1)
	case k.Code == Left || k.Rune == '<':
		m.Sort = (m.Sort + len(Columns) - 1) % len(Columns)
	case k.Code == Right || k.Rune == '>':
		m.Sort = (m.Sort + 1) % len(Columns)
	case k.Rune == 'r':
		m.Reverse = !m.Reverse
	case k.Rune == '/':
		m.input = &input{prompt: "search: ", change: func(text string) {
			m.search = text
			m.find(at, 1)
		}, enter: func(string) []Command { return nil }}
	case k.Rune == 'n':
		m.find(at+1, 1)
	case k.Rune == 'N':
		m.find(at-1, -1)
	case k.Rune == 'f':
		m.input = &input{prompt: "filter: ", text: []rune(m.filter), before: m.filter,
			change: func(text string) { m.filter = text }, enter: func(string) []Command { return nil }}
	case k.Rune == 'p':
		m.input = &input{prompt: "arm what matches: ", change: func(string) {}, enter: func(text string) []Command {
			if patterns := strings.Fields(text); len(patterns) > 0 {
				return []Command{{Op: OpPattern, Names: patterns}}
			}
			return nil
		}}
	case k.Rune == 'm' && at >= 0:
		name := m.rows[at].hook.Name
		if m.marks[name] = !m.marks[name]; !m.marks[name] {
			delete(m.marks, name)
		}
		m.move(at + 1)
	case k.Rune == 'M':
		for _, e := range m.rows {
			m.marks[e.hook.Name] = true
		}
		m.say("%d marked: a arms them, d disarms them, u unmarks them", len(m.marks))
	case k.Rune == 'u':
		clear(m.marks)
	case k.Rune == 'l':
		m.dormant = !m.dormant
		if m.dormant && !m.all {
			m.say("asking for all functions …")
			return []Command{{Op: OpList}}
		}
	case k.Code == Enter && at >= 0:
		return m.open(m.rows[at].hook.Name, nil)
	case k.Code == Esc:
		m.filter = ""
		clear(m.marks)
	default:
		return m.commonKey(k)
	}
	return nil
}

// commonKey takes a key that means the same everywhere.
func (m *Model) commonKey(k Key) []Command {
	switch k.Rune {
	case ' ':
		m.paused = !m.paused
		m.pull()
	case 't':
		m.Cumulated = !m.Cumulated
	case 'a':
		return m.change(true)
	case 'd':
		return m.change(false)
	default:
		m.say("? shows the keys")
	}
	return nil
}

// typed takes a key while a line is typed.
func (m *Model) typed(k Key) []Command {
	in := m.input
	switch {
	case k.Code == Esc:
		m.input = nil
		in.change(in.before)
		return nil
	case k.Code == Enter:
		m.input = nil
		return in.enter(string(in.text))
	case k.Code == Backspace:
		in.text = in.text[:max(len(in.text)-1, 0)]
	case k.Code == Erase:
		in.text = nil
	case k.Code == Char && unicode.IsPrint(k.Rune):
		in.text = append(in.text, k.Rune)
	default:
		return nil
	}
	in.change(string(in.text))
	return nil
}
