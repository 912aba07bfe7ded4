package gkhihttp

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"time"

	"github.com/gkhi/gkhi/internal/control"
	"github.com/gkhi/gkhi/internal/control/wire"
)

// writeTimeout is how long a client may take nothing until it is cut off, and undoTimeout how long calls in flight are waited for
// when handlers are taken off.
const (
	writeTimeout = time.Minute
	undoTimeout  = 5 * time.Second
)

// A line is one line of a stream. One field is set, besides the count of drops.
type line struct {
	Matched  *wire.Matched  `json:"matched,omitempty"`
	Event    *wire.Event    `json:"event,omitempty"`
	Snapshot *wire.StatPart `json:"snapshot,omitempty"`
	End      *wire.End      `json:"end,omitempty"`
	Dropped  uint64         `json:"dropped,omitempty"`
}

// lines writes a stream's lines.
type lines struct {
	w   *bufio.Writer
	ctl *http.ResponseController
}

func newLines(w http.ResponseWriter) *lines {
	w.Header().Set("Content-Type", "application/x-ndjson")
	w.Header().Set("X-Accel-Buffering", "no") // what proxies know that would gather the lines
	return &lines{bufio.NewWriterSize(w, 32<<10), http.NewResponseController(w)}
}

// write adds a line. An error that is not control.ErrGone is about the line only.
func (l *lines) write(v line) error {
	data, err := json.Marshal(v)
	if err != nil {
		return err
	}
	l.extend()
	if _, err := l.w.Write(append(data, '\n')); err != nil {
		return fmt.Errorf("%w: %w", control.ErrGone, err)
	}
	return nil
}

func (l *lines) flush() error {
	l.extend()
	if err := l.w.Flush(); err != nil {
		return err
	}
	return l.ctl.Flush()
}

// extend puts off the server's write deadline, which is meant for answers that end. Where the writer has none there is nothing to put
// off.
func (l *lines) extend() { _ = l.ctl.SetWriteDeadline(time.Now().Add(writeTimeout)) }

// limited returns a context that also ends after the duration d of the request, if it has one.
func limited(r *http.Request, q url.Values) (context.Context, context.CancelFunc, error) {
	d, err := duration(q, "d", 0)
	if err != nil {
		return nil, nil, err
	}
	if d == 0 {
		return r.Context(), func() {}, nil
	}
	ctx, cancel := context.WithTimeout(r.Context(), d)
	return ctx, cancel, nil
}

func duration(q url.Values, key string, otherwise time.Duration) (time.Duration, error) {
	text := q.Get(key)
	if text == "" {
		return otherwise, nil
	}
	d, err := time.ParseDuration(text)
	if err != nil || d <= 0 {
		return 0, wire.Errorf(wire.CodeBadRequest, "%s=%s is no time such as 10s", key, text)
	}
	return d, nil
}

func number(q url.Values, key string) (uint64, error) {
	text := q.Get(key)
	if text == "" {
		return 0, nil
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		return 0, wire.Errorf(wire.CodeBadRequest, "%s=%s is no number", key, text)
	}
	return n, nil
}

// reason says why a stream ended: its time was up, or the client went.
func reason(r *http.Request) string {
	if r.Context().Err() != nil {
		return wire.EndCanceled
	}
	return wire.EndDone
}

// once returns a function that takes handlers off, the first time that it is called, and says what is amiss, if anything.
func once(undo control.Undo) func() (warning string) {
	return sync.OnceValue(func() string {
		ctx, cancel := context.WithTimeout(context.Background(), undoTimeout)
		defer cancel()
		if err := undo(ctx); err != nil {
			return err.Error()
		}
		return ""
	})
}

func (h *handler) trace(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	spec := wire.TraceSpec{Patterns: q["pattern"], Goroutine: q.Get("goroutine") == "1"}
	var err error
	if spec.Max, err = number(q, "max"); err != nil {
		return err
	}
	if spec.Sample, err = number(q, "sample"); err != nil {
		return err
	}
	ctx, cancel, err := limited(r, q)
	if err != nil {
		return err
	}
	defer cancel()
	buf := control.NewBuffer(spec, control.DefaultBufferEvents, control.DefaultBufferBytes)
	matched, undo, err := h.target.Trace(spec, buf)
	if err != nil {
		return err
	}
	stop := once(undo)
	defer stop()
	out := newLines(w)
	if out.write(line{Matched: &matched}) != nil || out.flush() != nil {
		return nil
	}
	end, err := control.Pump(ctx, buf, func(ev wire.Event, dropped uint64) error {
		return out.write(line{Event: &ev, Dropped: dropped})
	}, out.flush, func() { stop() })
	if err != nil {
		return nil // the client has gone
	}
	if end.Reason == "" {
		end.Reason = reason(r)
	}
	end.Dropped, end.Warning = buf.Dropped(), stop()
	out.end(end)
	return nil
}

// end writes the last line. There is nobody to tell when it fails.
func (l *lines) end(end wire.End) {
	if l.write(line{End: &end, Dropped: end.Dropped}) == nil {
		l.flush()
	}
}

func (h *handler) stat(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	interval, err := duration(q, "interval", time.Second)
	if err != nil {
		return err
	}
	if interval < wire.MinInterval {
		return wire.Errorf(wire.CodeBadRequest, "an interval of %v is below the least, %v", interval, time.Duration(wire.MinInterval))
	}
	ctx, cancel, err := limited(r, q)
	if err != nil {
		return err
	}
	defer cancel()
	matched, source, err := h.target.Stat(wire.StatSpec{Patterns: q["pattern"], Interval: int64(interval)})
	if err != nil {
		return err
	}
	stop := once(source.Stop)
	defer source.Close()
	defer stop()
	out := newLines(w)
	end, ok := snapshots(ctx, out, &matched, source, interval, stop)
	if ok {
		end.Reason, end.Warning = reason(r), stop()
		out.end(end)
	}
	return nil
}

// snapshots writes a snapshot each interval and, after it has called stop, one at the end. It is not ok when the client has gone.
func snapshots(ctx context.Context, out *lines, matched *wire.Matched, source control.StatSource, interval time.Duration, stop func() string) (end wire.End, ok bool) {
	if out.write(line{Matched: matched}) != nil || out.flush() != nil {
		return end, false
	}
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for last := false; !last; {
		select {
		case <-ctx.Done():
			last = true
			stop()
		case <-ticker.C:
		}
		end.Events++
		part := wire.StatPart{Seq: end.Events, Time: time.Now().UnixNano(), Rows: source.Snapshot(), Last: true}
		if out.write(line{Snapshot: &part}) != nil || out.flush() != nil {
			return end, false
		}
	}
	return end, true
}
