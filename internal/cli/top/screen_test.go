package top

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gdamore/tcell/v2"
)

// A watchedScreen says what it shows, and when it was given back.
type watchedScreen struct {
	tcell.SimulationScreen
	ended bool

	mu    sync.Mutex
	shown string
}

func (s *watchedScreen) Show() {
	s.SimulationScreen.Show()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.shown = text(s.SimulationScreen)
}

func (s *watchedScreen) SetSize(columns, rows int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.SimulationScreen.SetSize(columns, rows)
}

func (s *watchedScreen) text() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.shown
}

func (s *watchedScreen) Fini() {
	s.ended = true
	s.SimulationScreen.Fini()
}

// run runs top on a screen that nobody sees, in the background.
func run(t *testing.T, ctx context.Context, p *fakeProcess) (s *watchedScreen, e *Engine, m *Model, result chan error) {
	t.Helper()
	ctx, cancel := context.WithCancel(ctx)
	t.Cleanup(cancel)
	s = &watchedScreen{SimulationScreen: tcell.NewSimulationScreen("")}
	e = NewEngine(ctx, p, time.Second, 500, time.Now)
	m = NewModel(Config{Label: "kvd (4242)", Interval: time.Second, Zone: time.UTC, Sort: ColumnNamed("total")})
	if err := e.Do(Command{Op: OpPattern}); err != nil {
		t.Fatal(err)
	}
	result = make(chan error, 1)
	go func() {
		defer func() {
			if v := recover(); v != nil {
				result <- errors.New("panic: " + v.(string))
			}
		}()
		result <- Run(ctx, s, m, e, true, time.Now)
	}()
	return s, e, m, result
}

// shows waits until a text is on the screen.
func shows(t *testing.T, s *watchedScreen, want string) {
	t.Helper()
	got := ""
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if got = s.text(); strings.Contains(got, want) {
			return
		}
	}
	t.Fatalf("%q does not come:\n%s", want, got)
}

func key(s *watchedScreen, text string) {
	for _, r := range text {
		switch r {
		case '\n':
			s.InjectKey(tcell.KeyEnter, 0, 0)
		case '\x1b':
			s.InjectKey(tcell.KeyEsc, 0, 0)
		default:
			s.InjectKey(tcell.KeyRune, r, 0)
		}
	}
}

func TestRun(t *testing.T) {
	p := newFake()
	p.data = recording(4)
	s, _, _, result := run(t, t.Context(), p)
	shows(t, s, "2 hooks, 3 of 3 functions armed")
	p.call("main.(*store).Put", 7, time.Millisecond, time.Millisecond)
	p.tick(time.Now().Add(time.Second))
	shows(t, s, "7ms")
	key(s, "pmain.* go.*\n")
	shows(t, s, "5 of 5 functions armed")
	key(s, "/Put\n\n")
	shows(t, s, "CALLED BY")
	shows(t, s, "main.main")
	s.SetSize(30, 6)
	shows(t, s, "too small")
	s.SetSize(60, 20)
	shows(t, s, "CALLED BY")
	key(s, "\x1bq")
	if err := <-result; err != nil || !s.ended {
		t.Errorf("it ends with %v; the terminal is given back: %v", err, s.ended)
	}
}

func TestRunEnds(t *testing.T) {
	p := newFake()
	ctx, cancel := context.WithCancel(t.Context())
	s, _, _, result := run(t, ctx, p)
	shows(t, s, "armed")
	cancel()
	if err := <-result; err != nil || !s.ended {
		t.Errorf("after a signal it ends with %v; the terminal is given back: %v", err, s.ended)
	}

	s, _, m, result := run(t, t.Context(), p)
	shows(t, s, "2 hooks, 3 of 3 functions armed")
	p.mu.Lock()
	p.stats[len(p.stats)-1].broken <- errors.New("the process has ended")
	p.mu.Unlock()
	shows(t, s, "the process has ended; any key quits")
	key(s, "x")
	if err := <-result; err != nil || m.Err() == nil {
		t.Errorf("after the process has ended: %v, %v", err, m.Err())
	}
}

// A panic anywhere gives the terminal back first.
func TestRunPanics(t *testing.T) {
	s, e, _, result := run(t, t.Context(), newFake())
	shows(t, s, "armed")
	e.goes(func() { panic("boom") })
	if err := <-result; err == nil || err.Error() != "panic: boom" || !s.ended {
		t.Errorf("%v; the terminal is given back: %v", err, s.ended)
	}
}
