package gkhihttp

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/gkhi/gkhi/internal/control"
	"github.com/gkhi/gkhi/internal/control/wire"
)

// recordTime is how long a recording takes unless the request says otherwise, as with net/http/pprof's traces.
const recordTime = 10 * time.Second

// record answers with a recording. That it was cut off, since the client went or the time was up, is no error of it.
func (h *handler) record(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	spec := wire.RecordSpec{Patterns: q["pattern"], Values: q.Get("args") == "1"}
	depth, err := number(q, "stack")
	if err != nil {
		return err
	}
	spec.Stacks = int(min(depth, 64))
	long, err := duration(q, "d", recordTime)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(r.Context(), long)
	defer cancel()
	buf := control.NewDataBuffer(control.DefaultBufferBytes)
	matched, undo, err := h.target.Record(spec, buf)
	if err != nil {
		return err
	}
	stop := once(undo)
	defer stop()
	header := w.Header()
	header.Set("Content-Type", "application/octet-stream")
	header.Set("Content-Disposition", `attachment; filename="gkhi.rec"`)
	header.Set("X-Accel-Buffering", "no")
	header.Set("X-Gkhi-Matched", fmt.Sprintf("%d hooks, %d functions", len(matched.Hooks), matched.Functions))
	for _, s := range matched.Skipped {
		header.Add("X-Gkhi-Skipped", strings.Map(headerSafe, s.Name+": "+s.Why))
	}
	ctl := http.NewResponseController(w)
	control.PumpData(ctx, buf, func(piece []byte) error {
		_ = ctl.SetWriteDeadline(time.Now().Add(writeTimeout)) // where the writer has none there is nothing to put off
		if _, err := w.Write(piece); err != nil {
			return err
		}
		return ctl.Flush()
	}, func() { stop() }) //nolint:errcheck // the client has gone
	return nil
}

// headerSafe drops what a header's value can't have.
func headerSafe(r rune) rune {
	if r < ' ' || r > '~' {
		return -1
	}
	return r
}
