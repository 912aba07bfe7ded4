package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gkhi/gkhi/internal/control/wire"
)

// endTimeout bounds the wait for the end of a stream that was cancelled.
const endTimeout = 10 * time.Second

// Stream is what traces and stats have in common. One goroutine at a time may iterate it; the other methods are safe for
// concurrent use.
type Stream struct {
	c       *Client
	p       *pending
	result  wire.Raw
	dropped atomic.Uint64
	unhook  func() bool // of ctx

	cancelOnce sync.Once
	deadline   chan struct{} // closed endTimeout after the stream was cancelled

	mu  sync.Mutex
	end *wire.End
	err error // why it ended without an end
}

// open starts a stream that is cancelled when ctx ends.
func (c *Client) open(ctx context.Context, op string, args any) (*Stream, error) {
	p, result, err := c.first(ctx, op, args)
	if err != nil {
		return nil, err
	}
	s := &Stream{c: c, p: p, result: result, deadline: make(chan struct{})}
	s.unhook = context.AfterFunc(ctx, func() { s.cancel(false) })
	return s, nil
}

// cancel asks the process to end the stream, once. drop says that nobody reads what comes until then.
func (s *Stream) cancel(drop bool) {
	s.cancelOnce.Do(func() {
		time.AfterFunc(endTimeout, func() { close(s.deadline) })
		ctx, stop := context.WithTimeout(context.Background(), endTimeout)
		defer stop()
		s.c.send(ctx, wire.OpCancel, wire.CancelArgs{ID: s.p.id, Drop: drop}, nil) // an error shows as the end of the connection
	})
}

// Dropped returns how many events the process did not send so far, for want of room.
func (s *Stream) Dropped() uint64 { return s.dropped.Load() }

// End returns the stream's last message, or nil when it has not come.
func (s *Stream) End() *wire.End {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.end
}

// Close ends the stream, drops what was not read, and waits for the process to say that it has undone it.
func (s *Stream) Close() error {
	s.cancel(true)
	for {
		switch _, err := s.next(); {
		case errors.Is(err, errEnd):
			return nil
		case err != nil:
			return err
		}
	}
}

var errEnd = errors.New("end of stream")

// next returns the next event, or piece of data; errEnd after the last.
func (s *Stream) next() ([]byte, error) {
	s.mu.Lock()
	end, err := s.end, s.err
	s.mu.Unlock()
	if end != nil {
		return nil, errEnd
	}
	if err != nil {
		return nil, err
	}
	for {
		var m wire.Message
		var ok bool
		select {
		case m, ok = <-s.p.msgs:
		case <-s.deadline:
			select {
			case m, ok = <-s.p.msgs: // what is here already counts
			default:
				return nil, s.broken(s.c.proc.fail(ErrBroken, fmt.Sprintf("it did not end the stream within %v", endTimeout), ""))
			}
		}
		if !ok {
			return nil, s.broken(s.c.Err())
		}
		if m.Dropped > 0 {
			s.dropped.Store(m.Dropped)
		}
		switch {
		case m.Error != nil:
			return nil, s.broken(m.Error)
		case m.End != nil:
			s.dropped.Store(m.End.Dropped)
			s.mu.Lock()
			s.end = m.End
			s.mu.Unlock()
			s.finish()
			return nil, errEnd
		case m.Event != nil:
			return m.Event, nil
		case m.Data != nil:
			return m.Data, nil
		}
	}
}

// broken ends the stream with err for good.
func (s *Stream) broken(err error) error {
	s.mu.Lock()
	s.err = err
	s.mu.Unlock()
	s.finish()
	return err
}

func (s *Stream) finish() {
	s.unhook()
	s.c.forget(s.p)
}

// decode yields the events of a stream as values. A failure to decode ends it.
func decode[T any](s *Stream) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var zero T
		for {
			raw, err := s.next()
			if errors.Is(err, errEnd) {
				return
			}
			var v T
			if err == nil {
				err = json.Unmarshal(raw, &v)
			}
			if err != nil {
				s.Close()
				yield(zero, err)
				return
			}
			if !yield(v, nil) {
				s.Close()
				return
			}
		}
	}
}
