package control

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gkhi/gkhi/internal/control/wire"
	"github.com/gkhi/gkhi/internal/minijson"
)

// dataGather is how long the writer lets pieces come together after the first.
const dataGather = 20 * time.Millisecond

// maxPiece is the most that is written at once, so that other streams of the connection get their turn.
const maxPiece = 256 << 10

// A DataBuffer is the [DataSink] between a recording and whoever writes to a client. It never blocks the former.
type DataBuffer struct {
	maxBytes     int
	wake         chan struct{}
	events, lost atomic.Uint64

	mu     sync.Mutex
	pieces [][]byte
	bytes  int
}

// NewDataBuffer makes a buffer that has room while fewer than so many bytes wait.
func NewDataBuffer(maxBytes int) *DataBuffer {
	return &DataBuffer{maxBytes: maxBytes, wake: make(chan struct{}, 1)}
}

// Room implements [DataSink].
func (b *DataBuffer) Room() bool {
	b.mu.Lock()
	room := b.bytes < b.maxBytes
	b.mu.Unlock()
	return room
}

// Put implements [DataSink].
func (b *DataBuffer) Put(piece []byte) {
	if len(piece) == 0 {
		return
	}
	b.mu.Lock()
	b.pieces = append(b.pieces, piece)
	b.bytes += len(piece)
	b.mu.Unlock()
	select {
	case b.wake <- struct{}{}:
	default:
	}
}

// Counted implements [DataSink].
func (b *DataBuffer) Counted(events, lost uint64) {
	b.events.Store(events)
	b.lost.Store(lost)
}

// take returns what waits. It counts as waiting until sent says that it was written.
func (b *DataBuffer) take() [][]byte {
	b.mu.Lock()
	pieces := b.pieces
	b.pieces = nil
	b.mu.Unlock()
	return pieces
}

func (b *DataBuffer) sent(n int) {
	b.mu.Lock()
	b.bytes -= n
	b.mu.Unlock()
}

// record streams a recording.
func (c *session) record(req wire.Request) (minijson.Fields, error) {
	var spec wire.RecordSpec
	if err := wire.DecodeArgs(req.Args, spec.JSON); err != nil {
		return nil, err
	}
	buf := NewDataBuffer(c.srv.opts.BufferBytes)
	matched, undo, err := c.srv.target.Record(spec, buf)
	if err != nil {
		return nil, err
	}
	err = c.stream(req, func(ctx context.Context) (end wire.End) {
		stop := once(func() (warning string) { return c.undo(undo) })
		defer func() {
			end.Warning = stop()
			end.Events, end.Dropped = buf.events.Load(), buf.lost.Load()
		}()
		if c.reply(req.ID, matched.JSON, nil) != nil {
			return end
		}
		PumpData(ctx, buf, func(piece []byte) error { return c.sendData(req.ID, piece, buf) }, func() { stop() }) //nolint:errcheck // the connection is gone then
		return end
	})
	if err != nil {
		c.undo(undo)
	}
	return nil, err
}

// sendData writes a piece, in parts that are not too long.
func (c *session) sendData(id uint64, piece []byte, buf *DataBuffer) error {
	for len(piece) > 0 {
		n := min(len(piece), maxPiece)
		line, err := wire.Append(nil, (&wire.Message{ID: id, Size: n, Dropped: buf.lost.Load()}).JSON, wire.MaxLine)
		if err == nil {
			err = c.sendLines(append(line, piece[:n]...))
		}
		if err != nil {
			return gone(err)
		}
		piece = piece[n:]
	}
	return nil
}

// PumpData passes what comes through buf on to write until ctx ends; then it calls stop, which ends the flow at its source, and passes
// on what was still on its way. An error of write ends it at once.
func PumpData(ctx context.Context, buf *DataBuffer, write func(piece []byte) error, stop func()) error {
	pass := func() error {
		for _, piece := range buf.take() {
			if err := write(piece); err != nil {
				return err
			}
			buf.sent(len(piece))
		}
		return nil
	}
	for ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case <-buf.wake:
			select {
			case <-ctx.Done():
			case <-time.After(dataGather):
			}
			if err := pass(); err != nil {
				return err
			}
		}
	}
	stop()
	if context.Cause(ctx) == errGone {
		return ErrGone
	}
	return pass()
}
