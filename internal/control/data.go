package control

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gkhi/gkhi/internal/control/wire"
)

// dataGather is how long the writer lets pieces come together after the first.
const dataGather = 20 * time.Millisecond

// maxPiece is the most that is written at once, so that other streams of the connection get their turn.
const maxPiece = 256 << 10

// dataBuffer is the DataSink between a recording and the connection.
type dataBuffer struct {
	maxBytes     int
	wake         chan struct{}
	events, lost atomic.Uint64

	mu     sync.Mutex
	pieces [][]byte
	bytes  int
}

func newDataBuffer(maxBytes int) *dataBuffer {
	return &dataBuffer{maxBytes: maxBytes, wake: make(chan struct{}, 1)}
}

// Room implements [DataSink].
func (b *dataBuffer) Room() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.bytes < b.maxBytes
}

// Put implements [DataSink].
func (b *dataBuffer) Put(piece []byte) {
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
func (b *dataBuffer) Counted(events, lost uint64) {
	b.events.Store(events)
	b.lost.Store(lost)
}

// take returns what waits. It counts as waiting until sent says that it was written.
func (b *dataBuffer) take() [][]byte {
	b.mu.Lock()
	defer b.mu.Unlock()
	pieces := b.pieces
	b.pieces = nil
	return pieces
}

func (b *dataBuffer) sent(n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.bytes -= n
}

// record streams a recording.
func (c *session) record(req wire.Request) (any, error) {
	var spec wire.RecordSpec
	if err := wire.DecodeArgs(req.Args, &spec); err != nil {
		return nil, err
	}
	buf := newDataBuffer(c.srv.opts.BufferBytes)
	matched, undo, err := c.srv.target.Record(spec, buf)
	if err != nil {
		return nil, err
	}
	err = c.stream(req, func(ctx context.Context) (end wire.End) {
		stop := sync.OnceValue(func() (warning string) { return c.undo(undo) })
		defer func() {
			end.Warning = stop()
			end.Events, end.Dropped = buf.events.Load(), buf.lost.Load()
		}()
		if c.reply(req.ID, matched, nil) != nil {
			return end
		}
		for ctx.Err() == nil {
			select {
			case <-ctx.Done():
			case <-buf.wake:
				select {
				case <-ctx.Done():
				case <-time.After(dataGather):
				}
				if c.sendData(req.ID, buf) != nil {
					return end
				}
			}
		}
		stop() // brings what was still on its way
		if context.Cause(ctx) != errGone {
			c.sendData(req.ID, buf)
		}
		return end
	})
	if err != nil {
		c.undo(undo)
	}
	return nil, err
}

// sendData writes what waits.
func (c *session) sendData(id uint64, buf *dataBuffer) error {
	for _, piece := range buf.take() {
		for len(piece) > 0 {
			n := min(len(piece), maxPiece)
			line, err := wire.Append(nil, wire.Message{ID: id, Size: n, Dropped: buf.lost.Load()}, wire.MaxLine)
			if err == nil {
				err = c.sendLines(append(line, piece[:n]...))
			}
			if err != nil {
				return err
			}
			buf.sent(n)
			piece = piece[n:]
		}
	}
	return nil
}
