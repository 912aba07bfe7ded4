package control

import (
	"context"
	"fmt"
	"time"

	"github.com/gkhi/gkhi/internal/control/wire"
	"github.com/gkhi/gkhi/internal/minijson"
)

// traceChunk is how much is gathered before it is written, in bytes.
const traceChunk = 64 << 10

// trace streams events. The target is called here, in the reader, so that an error is the request's only answer.
func (c *session) trace(req wire.Request) (minijson.Fields, error) {
	var spec wire.TraceSpec
	if err := wire.DecodeArgs(req.Args, spec.JSON); err != nil {
		return nil, err
	}
	buf := NewBuffer(spec, c.srv.opts.BufferEvents, c.srv.opts.BufferBytes)
	matched, undo, err := c.srv.target.Trace(spec, buf)
	if err != nil {
		return nil, err
	}
	err = c.stream(req, func(ctx context.Context) (end wire.End) {
		stop := once(func() (warning string) {
			defer buf.Over() // not before: to undo may bring what was still on its way
			return c.undo(undo)
		})
		defer func() { // whatever happens, the target is left as it was
			end.Warning = stop()
			end.Dropped = buf.Dropped()
		}()
		if c.reply(req.ID, matched.JSON, nil) != nil {
			return end
		}
		return c.sendEvents(ctx, req.ID, buf, stop)
	})
	if err != nil {
		c.undo(undo)
	}
	return nil, err
}

// sendEvents writes what comes through buf.
func (c *session) sendEvents(ctx context.Context, id uint64, buf *Buffer, stop func() string) wire.End {
	var lines []byte
	end, err := Pump(ctx, buf, func(ev wire.Event, dropped uint64) (err error) {
		if lines, err = appendEvent(lines, id, ev, dropped); err != nil || len(lines) < traceChunk {
			return err
		}
		err = c.sendLines(lines)
		lines = lines[:0]
		return gone(err)
	}, func() error {
		if len(lines) == 0 {
			return nil
		}
		err := c.sendLines(lines)
		lines = lines[:0]
		return gone(err)
	}, func() { stop() })
	if err == nil && end.Reason == "" {
		end.Reason = endReason(ctx)
	}
	return end
}

// gone marks an error of the connection for Pump.
func gone(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%w: %w", ErrGone, err)
}

func appendEvent(lines []byte, id uint64, ev wire.Event, dropped uint64) ([]byte, error) {
	raw, err := minijson.Append(nil, ev.JSON)
	if err != nil {
		return lines, err
	}
	return wire.Append(lines, (&wire.Message{ID: id, Event: raw, Dropped: dropped}).JSON, wire.MaxLine)
}

// partRows bounds the rows of a message: a histogram with all of its buckets in use is about 20 KiB.
const partRows = 32

// stat streams snapshots.
func (c *session) stat(req wire.Request) (minijson.Fields, error) {
	var spec wire.StatSpec
	if err := wire.DecodeArgs(req.Args, spec.JSON); err != nil {
		return nil, err
	}
	interval := time.Duration(spec.Interval)
	switch {
	case interval == 0:
		interval = time.Second
	case interval < wire.MinInterval:
		return nil, wire.Errorf(wire.CodeBadRequest, "an interval of %v is below the least, %v", interval, time.Duration(wire.MinInterval))
	}
	matched, source, err := c.srv.target.Stat(spec)
	if err != nil {
		return nil, err
	}
	err = c.stream(req, func(ctx context.Context) (end wire.End) {
		stop := once(func() string { return c.undo(source.Stop) })
		defer func() {
			end.Warning = stop()
			source.Close()
		}()
		if c.reply(req.ID, matched.JSON, nil) != nil {
			return end
		}
		return c.sendSnapshots(ctx, req.ID, source, interval, stop)
	})
	if err != nil {
		c.undo(source.Stop)
		source.Close()
	}
	return nil, err
}

// sendSnapshots writes a snapshot each interval and, when the client cancels, a last one if it wants that. It calls stop before
// that one: so its figures are final, and the program is no longer slowed down when they are gathered and sent.
func (c *session) sendSnapshots(ctx context.Context, id uint64, source StatSource, interval time.Duration, stop func() string) (end wire.End) {
	start := time.Now()
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	var seq uint64
	for ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case <-ticker.C:
			// A snapshot that took longer than the interval to write made the ticker skip.
			due := max(seq+1, uint64(time.Since(start)/interval))
			end.Dropped += due - seq - 1
			seq = due
			if c.sendSnapshot(id, seq, source, end.Dropped) != nil {
				return end
			}
			end.Events++
		}
	}
	end.Reason = endReason(ctx)
	stop()
	switch context.Cause(ctx) {
	case errGone, errDropped:
	default:
		if c.sendSnapshot(id, seq+1, source, end.Dropped) == nil {
			end.Events++
		}
	}
	return end
}

func (c *session) sendSnapshot(id, seq uint64, source StatSource, dropped uint64) error {
	rows, now := source.Snapshot(), time.Now().UnixNano()
	for {
		part := wire.StatPart{Seq: seq, Time: now, Rows: rows[:min(len(rows), partRows)]}
		rows = rows[len(part.Rows):]
		part.Last = len(rows) == 0
		raw, err := minijson.Append(nil, part.JSON)
		if err != nil {
			return err
		}
		if err := c.send(wire.Message{ID: id, Event: raw, Dropped: dropped}); err != nil || part.Last {
			return err
		}
	}
}
