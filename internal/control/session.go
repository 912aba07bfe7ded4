package control

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"sync"
	"time"

	"github.com/gkhi/gkhi/internal/control/wire"
	"github.com/gkhi/gkhi/internal/minijson"
)

// Why a stream's context ended.
var (
	errCanceled = errors.New("canceled by the client")
	errDropped  = errors.New("canceled by the client, who reads no further")
	errStopped  = errors.New("the process stopped serving")
	errGone     = errors.New("the client is gone")
	errCut      = errors.New("the connection was ended by this side")
)

// session is one connection and all that it caused.
//
// Lock order: write, then mu. Neither is held while the target is called.
type session struct {
	srv  *Server
	conn Conn
	ctx  context.Context // ends when the session does, with the reason as its cause
	end  context.CancelCauseFunc

	write sync.Mutex // serialises lines

	streams sync.WaitGroup

	mu       sync.Mutex
	running  map[uint64]context.CancelCauseFunc // streams by request id
	sending  int                                // streams whose end is not written yet
	holds    []Undo
	stopping bool
}

func newSession(srv *Server, conn Conn) *session {
	ctx, end := context.WithCancelCause(context.Background())
	return &session{srv: srv, conn: conn, ctx: ctx, end: end, running: map[uint64]context.CancelCauseFunc{}}
}

// stop ends the session from the server's side. The streams say goodbye; run does the rest.
func (c *session) stop() {
	c.end(errStopped)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stopping = true
	c.conn.SetReadDeadline(time.Now())
	c.conn.SetWriteDeadline(time.Now().Add(lastWords)) // for a write that waits for its client now
}

// lastWords is how long a client may take over each line once the server stops.
const lastWords = time.Second

// run serves the connection until it ends:
//
//  1. Read requests until the client is gone, breaks the protocol, is idle for too long, or the server stops.
//  2. End the streams. Each undoes what it registered, and says so while the connection lives.
//  3. Undo what is held, the last first.
//  4. Say why, if the client is there to hear it, and close.
//
// A client that was killed is noticed in step 1, since its kernel closes the connection. A stream that finds that it can't
// write closes the connection itself, which ends step 1 too.
func (c *session) run() {
	defer c.conn.Close()
	why := c.serve()
	if why == nil {
		c.end(errGone)
	} else {
		c.end(errCut) // unless stop has ended it before
	}
	c.streams.Wait()
	c.mu.Lock()
	holds := c.holds
	c.holds = nil
	c.mu.Unlock()
	for i := len(holds) - 1; i >= 0; i-- {
		c.undo(holds[i])
	}
	if why != nil {
		c.send(wire.Message{Error: why})
	}
}

// undo calls an Undo with its bounds: in time, and against panics. It returns a sentence when something is amiss.
func (c *session) undo(u Undo) (warning string) {
	if u == nil {
		return ""
	}
	ctx, cancel := context.WithTimeout(context.Background(), c.srv.opts.Undo)
	defer cancel()
	if err := c.protect("undo", func() error { return u(ctx) }); err != nil {
		return err.Error()
	}
	return ""
}

// once returns a function that calls f the first time, and returns what that returned. It is sync.OnceValue without what each use of a
// generic function brings.
func once(f func() string) func() string {
	var o sync.Once
	var result string
	return func() string {
		o.Do(func() { result = f() })
		return result
	}
}

// protect calls into the target. A panic there is a bug of ours or of an event's type, and must not end the program.
func (c *session) protect(what string, f func() error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = wire.Errorf(wire.CodeInternal, "%s: the process panicked: %v; please report it", what, v)
			c.srv.opts.Report(fmt.Sprintf("gkhi: panic while serving %s: %v\n%s", what, v, debug.Stack()))
		}
	}()
	return f()
}

// serve reads requests. It returns nil when the client is gone, and else what to tell it.
func (c *session) serve() *wire.Error {
	if err := c.send(wire.Message{Hello: &c.srv.hello}); err != nil {
		return nil
	}
	if g, ok := c.srv.target.(Greeter); ok {
		go g.Greet()
	}
	r := wire.NewReader(c.conn, wire.MaxRequest)
	if why, ok := c.readHello(r); !ok {
		return why
	}
	for {
		c.touch()
		line, err := r.Line()
		if err != nil {
			return c.readError(err, wire.Errorf(wire.CodeIdle, "nothing was asked for %v", c.srv.opts.Idle))
		}
		if len(line) == 0 {
			continue
		}
		var req wire.Request
		if err := minijson.Read(line, req.JSON); err != nil {
			return wire.Errorf(wire.CodeBadRequest, "a request that is not one: %v", err)
		}
		if req.ID == 0 {
			return wire.Errorf(wire.CodeBadRequest, "a request without an id")
		}
		if err := c.handle(req); err != nil {
			return nil // it could not be written
		}
	}
}

// readHello reads the client's first line.
func (c *session) readHello(r *wire.Reader) (why *wire.Error, ok bool) {
	c.setReadDeadline(time.Now().Add(c.srv.opts.Hello))
	var first wire.ClientHello
	line, err := r.Line()
	if err != nil {
		return c.readError(err, wire.Errorf(wire.CodeNoHello, "no hello within %v", c.srv.opts.Hello)), false
	}
	if err := minijson.Read(line, first.JSON); err != nil || first.Hello == nil {
		return wire.Errorf(wire.CodeNoHello, "the first line is not a gkhi client's hello"), false
	}
	if _, err := c.srv.hello.Compatible(*first.Hello); err != nil {
		return wire.Errorf(wire.CodeVersion, "%v", err), false
	}
	return nil, true
}

// readError turns the error of a read into what to tell the client; nil when there is nobody to tell.
func (c *session) readError(err error, onTimeout *wire.Error) *wire.Error {
	switch {
	case errors.Is(err, wire.ErrTooLong):
		return wire.Errorf(wire.CodeTooLarge, "a request may have %d bytes", wire.MaxRequest)
	case errors.Is(err, os.ErrDeadlineExceeded):
		if c.isStopping() {
			return wire.Errorf(wire.CodeStopped, "%v", errStopped)
		}
		return onTimeout
	}
	return nil
}

func (c *session) isStopping() bool {
	c.mu.Lock()
	stopping := c.stopping
	c.mu.Unlock()
	return stopping
}

// touch sets the deadline by which the next request has to come: none while the session runs or holds anything.
func (c *session) touch() {
	c.mu.Lock()
	var deadline time.Time
	if c.sending == 0 && len(c.holds) == 0 {
		deadline = time.Now().Add(c.srv.opts.Idle)
	}
	if !c.stopping { // stop has set another
		c.conn.SetReadDeadline(deadline)
	}
	c.mu.Unlock()
}

func (c *session) setReadDeadline(t time.Time) {
	c.mu.Lock()
	if !c.stopping {
		c.conn.SetReadDeadline(t)
	}
	c.mu.Unlock()
}

// send writes one message. On an error the connection is closed.
func (c *session) send(m wire.Message) error {
	line, err := wire.Append(nil, m.JSON, wire.MaxLine)
	if err != nil {
		if m.ID == 0 || m.Error != nil {
			c.conn.Close()
			return err
		}
		return c.send(wire.Message{ID: m.ID, Error: wire.Errorf(wire.CodeTooLarge, "the answer does not fit: %v", err)})
	}
	return c.sendLines(line)
}

// sendLines writes lines that are ready. A client that takes nothing for Options.Write is cut off.
func (c *session) sendLines(lines []byte) error {
	c.write.Lock()
	defer c.write.Unlock()
	c.mu.Lock()
	patience := c.srv.opts.Write
	if c.stopping {
		patience = lastWords
	}
	c.conn.SetWriteDeadline(time.Now().Add(patience))
	c.mu.Unlock()
	_, err := c.conn.Write(lines)
	if err != nil {
		c.conn.Close()
	}
	return err
}

// reply answers a request with a result or an error.
func (c *session) reply(id uint64, result minijson.Fields, err error) error {
	if err != nil {
		return c.send(wire.Message{ID: id, Error: asWireError(err)})
	}
	raw, err := minijson.Append(nil, result)
	if err != nil {
		return c.send(wire.Message{ID: id, Error: wire.Errorf(wire.CodeInternal, "answer: %v", err)})
	}
	return c.send(wire.Message{ID: id, Result: raw})
}

func asWireError(err error) *wire.Error {
	if e, ok := errors.AsType[*wire.Error](err); ok { // errors.As would bring a good part of reflection
		return e
	}
	return wire.Errorf(wire.CodeFailed, "%v", err)
}
