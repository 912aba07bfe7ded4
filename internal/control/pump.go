package control

import (
	"context"
	"errors"
	"time"

	"github.com/gkhi/gkhi/internal/control/wire"
)

// gather is how long the writer lets events come together after the first, so that a busy hook is not slowed by a wake-up per
// event.
const gather = 5 * time.Millisecond

// ErrGone says that a client can't be written to any more.
var ErrGone = errors.New("the client is gone")

// Pump passes what comes through buf on to send and flush until ctx ends or the limit is reached; then it calls stop, which ends the flow at
// its source, and passes on what was still on its way. An error of send that is [ErrGone], or any of flush, ends it at once and is
// returned; any other error of send is of that one event, which is counted as dropped. The end's Reason is set only when the limit was
// reached.
func Pump(ctx context.Context, buf *Buffer, send func(ev wire.Event, dropped uint64) error, flush func() error, stop func()) (end wire.End, err error) {
	full := func() bool { return buf.Limit() > 0 && end.Events >= buf.Limit() }
	var batch []wire.Event
	pass := func() error {
		batch, end.Dropped = buf.Take(batch)
		for _, ev := range batch {
			if full() {
				break
			}
			switch err := send(ev, end.Dropped); {
			case errors.Is(err, ErrGone):
				return err
			case err != nil:
				buf.Drop()
				end.Dropped = buf.Dropped()
			default:
				end.Events++
			}
		}
		return flush()
	}
	timer := time.NewTimer(0)
	defer timer.Stop()
	for ctx.Err() == nil && !full() {
		select {
		case <-ctx.Done():
		case <-buf.Wake():
			timer.Reset(gather)
			select {
			case <-ctx.Done():
			case <-timer.C:
			}
			if err := pass(); err != nil {
				return end, err
			}
		}
	}
	if full() {
		end.Reason = wire.EndMax
	}
	stop()
	if context.Cause(ctx) == errGone {
		return end, ErrGone
	}
	return end, pass()
}
