package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"time"

	_ "github.com/gkhi/gkhi/internal/control/built" // the command's own version
	"github.com/gkhi/gkhi/internal/control/self"
	"github.com/gkhi/gkhi/internal/control/wire"
	"github.com/gkhi/gkhi/internal/control/wirejson"
)

// helloTimeout bounds connecting and the exchange of hellos. A process that is stopped accepts connections, since the kernel does it for
// it, but never says hello.
const helloTimeout = 10 * time.Second

// Client is a connection to a process. Its methods are safe for concurrent use, with one rule: a stream that is neither
// read nor closed in time holds up the other calls on the same client, as its messages fill the connection.
type Client struct {
	conn  net.Conn
	proc  Process
	hello wire.Hello
	done  chan struct{} // closed when the reader has ended

	write sync.Mutex // serialises lines; taken without mu

	mu    sync.Mutex
	next  uint64
	calls map[uint64]*pending
	err   error // why the reader ended
}

// pending is a request that waits for messages.
type pending struct {
	id   uint64
	msgs chan wire.Message // closed by the reader when the connection ends
	gone chan struct{}     // closed when nobody reads msgs any more
	once sync.Once
}

func (p *pending) abandon() { p.once.Do(func() { close(p.gone) }) }

// Dial connects to the process, exchanges hellos, and checks that it is the one meant.
func (p Process) Dial(ctx context.Context) (*Client, error) {
	ctx, cancel := context.WithTimeout(ctx, helloTimeout)
	defer cancel()
	conn, err := connect(ctx, p)
	if err != nil {
		return nil, err
	}
	c, err := newClient(ctx, conn, p)
	if err != nil {
		conn.Close()
		return nil, err
	}
	return c, nil
}

// newClient exchanges hellos on conn and starts the reader.
func newClient(ctx context.Context, conn net.Conn, p Process) (*Client, error) {
	stop := context.AfterFunc(ctx, func() { conn.SetDeadline(time.Now()) })
	mine := wire.Hello{Proto: wire.Proto, Min: wire.MinProto, Version: self.Version(), PID: os.Getpid()}
	line, err := wirejson.Append(nil, wire.ClientHello{Hello: &mine}, wire.MaxRequest)
	if err != nil {
		return nil, err
	}
	// The server may refuse and close before it reads; what it said is worth more than the write's error.
	_, writeErr := conn.Write(line)
	r := wire.NewReader(conn, wire.MaxLine)
	var first wire.Message
	err = wirejson.Read(r, &first)
	switch {
	case err != nil && ctx.Err() != nil:
		return nil, p.fail(ErrBroken, "it accepted the connection but said nothing; it may be stopped, or too busy", "")
	case err != nil:
		return nil, p.fail(ErrBroken, errors.Join(writeErr, err).Error(), "")
	case first.Error != nil:
		return nil, p.refused(first.Error)
	case first.Hello == nil:
		return nil, p.fail(ErrNotHooked, "what answers on "+p.socket+" does not speak gkhi's protocol", "")
	}
	peer := *first.Hello
	if _, err := mine.Compatible(peer); err != nil {
		return nil, p.versionError(mine, peer)
	}
	if err := p.checkHello(peer); err != nil {
		return nil, err
	}
	if !stop() { // the deadline is set, or about to be
		return nil, p.fail(ErrBroken, ctx.Err().Error(), "")
	}
	if peer.Main == "" {
		peer.Main = mainOf(p)
	}
	p.Hello = &peer
	c := &Client{conn: conn, proc: p, hello: peer, done: make(chan struct{}), calls: map[uint64]*pending{}}
	go c.read(r)
	return c, nil
}

func (p Process) fail(err error, why, hint string) error {
	return &TargetError{Target: p.Target(), Err: err, Why: why, Hint: hint}
}

// refused turns the error that a server sent instead of a hello, or right after it, into one of this package.
func (p Process) refused(e *wire.Error) error {
	switch e.Code {
	case wire.CodeDenied:
		return p.fail(fmt.Errorf("%w: %w", ErrPermission, e), "", "run gkhi as the owner of the process, or as root")
	case wire.CodeVersion:
		return p.fail(fmt.Errorf("%w: %w", ErrVersion, e), "", "")
	}
	return p.fail(e, "", "")
}

func (p Process) versionError(mine, peer wire.Hello) error {
	verr := &wire.VersionError{Mine: mine, Peer: peer}
	hint := "update the gkhi command"
	if verr.PeerIsOlder() {
		hint = "rebuild the program with a newer github.com/gkhi/gkhi, or use an older gkhi command"
	}
	return p.fail(versionMismatch{verr}, "", hint)
}

// versionMismatch says it from the command's side: who reads it runs gkhi, and the other side is the process.
type versionMismatch struct{ *wire.VersionError }

func (e versionMismatch) Is(target error) bool { return target == ErrVersion }
func (e versionMismatch) Unwrap() error        { return e.VersionError }
func (e versionMismatch) Error() string {
	return fmt.Sprintf("%v: the process has gkhi %s (%s), this command is gkhi %s (%s)",
		ErrVersion, e.Peer.Version, protocols(e.Peer), e.Mine.Version, protocols(e.Mine))
}

func protocols(h wire.Hello) string {
	if h.Min == h.Proto {
		return fmt.Sprintf("protocol %d", h.Proto)
	}
	return fmt.Sprintf("protocols %d to %d", h.Min, h.Proto)
}

// checkHello compares who answers with who was asked for, as far as both are known.
func (p Process) checkHello(peer wire.Hello) error {
	if p.nsPID != 0 && peer.PID != 0 && p.nsPID != peer.PID {
		return p.fail(ErrWrongPeer, fmt.Sprintf("process %d was asked for, %d answers", p.nsPID, peer.PID), "")
	}
	return nil
}

// Process returns who is at the other end, with Hello set.
func (c *Client) Process() Process { return c.proc }

// Hello returns what the process said of itself.
func (c *Client) Hello() wire.Hello { return c.hello }

// Done is closed when the connection has ended. Err then says why.
func (c *Client) Done() <-chan struct{} { return c.done }

// Err returns why the connection ended, or nil while it has not. The error matches [ErrBroken].
func (c *Client) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

// Close ends the connection. The process then undoes what this connection armed with hold, and its traces.
func (c *Client) Close() error {
	err := c.conn.Close()
	<-c.done
	return err
}

// read gives each message to the request that it answers, until the connection ends.
func (c *Client) read(r *wire.Reader) {
	var err error
	for {
		var m wire.Message
		if err = wirejson.Message(r, &m); err != nil {
			break
		}
		if m.ID == 0 {
			if m.Error == nil {
				continue
			}
			err = c.proc.refused(m.Error)
			break
		}
		c.mu.Lock()
		p := c.calls[m.ID]
		c.mu.Unlock()
		if p == nil {
			continue // of a stream that was given up, or the answer to a cancel
		}
		select {
		case p.msgs <- m:
		case <-p.gone:
		}
	}
	c.conn.Close()
	c.mu.Lock()
	c.err = c.ended(err)
	for _, p := range c.calls {
		close(p.msgs)
	}
	c.calls = nil
	c.mu.Unlock()
	close(c.done)
}

// ended words the end of the connection.
func (c *Client) ended(err error) error {
	var target *TargetError
	switch {
	case errors.As(err, &target):
		return err
	case errors.Is(err, net.ErrClosed):
		return c.proc.fail(ErrBroken, "it was closed on this side", "")
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), isReset(err):
		return c.proc.fail(ErrBroken, c.proc.whyClosed(), "")
	}
	return c.proc.fail(ErrBroken, err.Error(), "")
}

// send writes a request. p is registered first, so that no answer is missed; nil means that the answer doesn't matter.
func (c *Client) send(ctx context.Context, op string, args any, p *pending) error {
	raw, err := json.Marshal(args)
	if err != nil {
		return err
	}
	if args == nil {
		raw = nil
	}
	c.mu.Lock()
	if c.err != nil {
		c.mu.Unlock()
		return c.err
	}
	c.next++
	id := c.next
	if p != nil {
		p.id = id
		c.calls[id] = p
	}
	c.mu.Unlock()
	line, err := wirejson.Append(nil, wire.Request{ID: id, Op: op, Args: raw}, wire.MaxRequest)
	if err != nil {
		c.forget(p)
		return fmt.Errorf("the request is too long: %w", err)
	}
	c.write.Lock()
	defer c.write.Unlock()
	deadline, _ := ctx.Deadline() // the zero time is no deadline
	c.conn.SetWriteDeadline(deadline)
	if _, err := c.conn.Write(line); err != nil {
		c.forget(p)
		if ctx.Err() == nil {
			<-c.done // a failed write means that the reader is about to know why
			return c.Err()
		}
		c.conn.Close() // half a line may be out
		return ctx.Err()
	}
	return nil
}

// forget stops the delivery of messages to p.
func (c *Client) forget(p *pending) {
	if p == nil {
		return
	}
	p.abandon()
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.calls, p.id)
}

// first sends a request and waits for its one answer. On success p is still registered.
func (c *Client) first(ctx context.Context, op string, args any) (p *pending, result wire.Raw, err error) {
	if err := ctx.Err(); err != nil {
		return nil, nil, err
	}
	p = &pending{msgs: make(chan wire.Message, 256), gone: make(chan struct{})}
	if err := c.send(ctx, op, args, p); err != nil {
		return nil, nil, err
	}
	select {
	case m, ok := <-p.msgs:
		switch {
		case !ok:
			return nil, nil, c.Err()
		case m.Error != nil:
			c.forget(p)
			return nil, nil, m.Error
		}
		return p, m.Result, nil
	case <-ctx.Done():
		c.forget(p)
		// The request may have been carried out, or may yet be. If it is a stream, the process must not go on with it.
		c.send(context.WithoutCancel(ctx), wire.OpCancel, wire.CancelArgs{ID: p.id}, nil)
		return nil, nil, ctx.Err()
	}
}

// call does a request with one answer.
func call[R any](ctx context.Context, c *Client, op string, args any) (result R, err error) {
	p, raw, err := c.first(ctx, op, args)
	if err != nil {
		return result, err
	}
	c.forget(p)
	if err := json.Unmarshal(raw, &result); err != nil {
		return result, fmt.Errorf("answer to %s: %w", op, err)
	}
	return result, nil
}
