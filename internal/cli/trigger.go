package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/gkhi/gkhi/internal/cli/draw"
	"github.com/gkhi/gkhi/internal/event"
	"github.com/gkhi/gkhi/internal/glob"
	"github.com/gkhi/gkhi/internal/report"
)

// A trigger is a condition for writing a flight recording: a call that took longer, or any event of a hook.
type trigger struct {
	text  string
	names *glob.Pattern
	least time.Duration // 0: any
}

// parseTrigger reads GLOB or GLOB>DURATION.
func parseTrigger(text string) (t trigger, err error) {
	name, took, timed := strings.Cut(text, ">")
	t.text = text
	if t.names, err = glob.Compile(strings.TrimSpace(name)); err != nil {
		return t, err
	}
	if timed {
		t.least, err = time.ParseDuration(strings.TrimSpace(took))
		if err != nil || t.least <= 0 {
			return t, fmt.Errorf("%q is not a duration above 0, as 100ms", strings.TrimSpace(took))
		}
	}
	return t, nil
}

// A watch looks for triggers in a recording that is under way.
type watch struct {
	triggers []trigger
	types    durations
	fired    func(why string)
}

// run reads the recording to its end. Its error is the reader's.
func (w *watch) run(r io.Reader) error {
	in, err := event.NewReader(r)
	if err != nil {
		return err
	}
	took := func(c *report.Call) {
		d := time.Duration(c.Took())
		if name := in.Funcs[c.Func].Name; w.call(name, d) {
			w.fired(fmt.Sprintf("%s took %s in goroutine %d", name, draw.Duration(int64(d)), c.G))
		}
	}
	_, err = report.Walk(in, report.Filter{}, report.Visitor{
		Leave: took,
		Hit: func(h *report.Hit) {
			if name := in.Hooks[h.Hook]; w.hit(name, h.Fields) {
				w.fired(name + " " + formatFields(h.Fields, w.types[name]))
			}
		},
	})
	return err
}

func (w *watch) call(name string, took time.Duration) bool {
	for _, t := range w.triggers {
		if took >= t.least && t.names.Match(name) {
			return true
		}
	}
	return false
}

// hit looks at an event of a hook. One that took longer has a field that is a duration.
func (w *watch) hit(name string, fields []byte) bool {
	for _, t := range w.triggers {
		if !t.names.Match(name) {
			continue
		}
		if t.least == 0 {
			return true
		}
		var values map[string]json.RawMessage
		if json.Unmarshal(fields, &values) != nil {
			values = map[string]json.RawMessage{"": fields} // an event that is no struct
		}
		for field := range w.types[name] {
			var ns int64
			if json.Unmarshal(values[field], &ns) == nil && ns >= int64(t.least) {
				return true
			}
		}
	}
	return false
}
