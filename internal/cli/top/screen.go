package top

import (
	"context"
	"fmt"
	"time"

	"github.com/gdamore/tcell/v2"
)

// Run shows the model on a screen until the user quits or ctx ends. It takes the screen as it comes from
// tcell, and gives the terminal back as it was, also when it panics.
func Run(ctx context.Context, screen tcell.Screen, m *Model, e *Engine, colours bool, now func() time.Time) error {
	if err := screen.Init(); err != nil {
		return fmt.Errorf("the terminal can't be used: %w; --batch prints lines", err)
	}
	defer screen.Fini()
	screen.HideCursor()
	// Sized for what comes between two looks: tcell's own goroutine must not wait for this one.
	events := make(chan tcell.Event, 64)
	stop := make(chan struct{})
	defer close(stop)
	go screen.ChannelEvents(events, stop)
	clock := time.NewTicker(time.Second)
	defer clock.Stop()
	for {
		screen.Clear()
		m.render(&cells{screen, colours}, now())
		screen.Show()
		select {
		case <-ctx.Done():
			return nil
		case v := <-e.crashes:
			panic(v)
		case msg := <-e.messages:
			m.Handle(msg)
		case <-clock.C:
		case ev := <-events:
			switch ev := ev.(type) {
			case *tcell.EventResize:
				screen.Sync()
			case *tcell.EventKey:
				if ev.Key() == tcell.KeyCtrlL {
					screen.Sync()
					continue
				}
				commands, quit := m.Press(keyOf(ev))
				if quit {
					return nil
				}
				for _, c := range commands {
					if err := e.Do(c); err != nil {
						m.fail(err)
					}
				}
			}
		}
	}
}

var codes = map[tcell.Key]Code{
	tcell.KeyUp: Up, tcell.KeyDown: Down, tcell.KeyLeft: Left, tcell.KeyRight: Right,
	tcell.KeyPgUp: PageUp, tcell.KeyPgDn: PageDown, tcell.KeyHome: Home, tcell.KeyEnd: End,
	tcell.KeyEnter: Enter, tcell.KeyEsc: Esc, tcell.KeyBackspace: Backspace, tcell.KeyBackspace2: Backspace,
	tcell.KeyCtrlC: Interrupt, tcell.KeyCtrlU: Erase, tcell.KeyCtrlB: PageUp, tcell.KeyCtrlF: PageDown,
}

func keyOf(ev *tcell.EventKey) Key {
	if ev.Key() == tcell.KeyRune {
		return Key{Rune: ev.Rune()}
	}
	return Key{Code: codes[ev.Key()]}
}

// cells is a screen as a canvas.
type cells struct {
	tcell.Screen
	colours bool
}

func (c *cells) put(x, y int, text string, st style) {
	c.PutStrStyled(x, y, text, look(st, c.colours))
}

// look says how a style looks: in the eight colours that users have adapted to their background, or in weights only.
func look(st style, colours bool) tcell.Style {
	s := tcell.StyleDefault
	colour := func(c tcell.Color) {
		if colours {
			s = s.Foreground(c)
		}
	}
	switch st &^ chosen {
	case title:
		s = s.Bold(true)
	case heading:
		s = s.Bold(true).Underline(true)
	case faint:
		s = s.Dim(true)
	case name:
		colour(tcell.ColorTeal)
	case good:
		colour(tcell.ColorGreen)
	case warn:
		colour(tcell.ColorOlive)
		s = s.Bold(!colours)
	case bad:
		colour(tcell.ColorMaroon)
		s = s.Bold(true)
	case bar:
		colour(tcell.ColorNavy)
	}
	return s.Reverse(st&chosen != 0)
}
