package control

import (
	"context"
	"iter"
	"slices"

	"github.com/gkhi/gkhi/internal/control/wire"
	"github.com/gkhi/gkhi/internal/minijson"
	"github.com/gkhi/gkhi/internal/near"
)

var ops = []string{
	wire.OpArm, wire.OpCancel, wire.OpDisarm, wire.OpFail, wire.OpLs, wire.OpPrepare, wire.OpRecord, wire.OpRelease, wire.OpStat, wire.OpStatus, wire.OpTrace,
}

// handle carries out one request. The error is that of writing the answer.
func (c *session) handle(req wire.Request) error {
	var result minijson.Fields
	err := c.protect(req.Op, func() (err error) {
		result, err = c.dispatch(req)
		return err
	})
	if err == nil && result == nil {
		return nil // a stream, which answers for itself
	}
	return c.reply(req.ID, result, err)
}

// dispatch returns the result of a plain op; nil when it started a stream.
func (c *session) dispatch(req wire.Request) (minijson.Fields, error) {
	switch req.Op {
	case wire.OpLs:
		return c.ls(req)
	case wire.OpStatus:
		if err := wire.DecodeArgs(req.Args, wire.Nothing); err != nil {
			return nil, err
		}
		st := c.srv.target.Status()
		st.Hello, st.Clients = c.srv.hello, c.srv.clients()
		return st.JSON, nil
	case wire.OpTrace:
		return c.trace(req)
	case wire.OpStat:
		return c.stat(req)
	case wire.OpRecord:
		return c.record(req)
	case wire.OpArm, wire.OpDisarm:
		return c.arm(req, req.Op == wire.OpArm)
	case wire.OpFail:
		return c.fail(req)
	case wire.OpRelease:
		var args wire.ReleaseArgs
		if err := wire.DecodeArgs(req.Args, args.JSON); err != nil {
			return nil, err
		}
		n, err := c.srv.target.Release(args.Patterns)
		return (&wire.ReleaseResult{Released: n}).JSON, err
	case wire.OpPrepare:
		if err := wire.DecodeArgs(req.Args, wire.Nothing); err != nil {
			return nil, err
		}
		var result wire.PrepareResult
		if err := c.srv.target.Prepare(); err != nil {
			result.Why = err.Error()
		}
		return result.JSON, nil
	case wire.OpCancel:
		return c.cancelStream(req)
	}
	err := wire.Errorf(wire.CodeUnknownOp, "the process does not know %q; it has gkhi %s, which the command may be newer than", cut(req.Op), c.srv.hello.Version)
	err.Near = near.Names(req.Op, ops, 3)
	return nil, err
}

// cut bounds what is quoted back.
func cut(s string) string {
	if len(s) > 64 {
		return s[:64] + "…"
	}
	return s
}

func (c *session) arm(req wire.Request, on bool) (minijson.Fields, error) {
	var args wire.ArmArgs
	if err := wire.DecodeArgs(req.Args, args.JSON); err != nil {
		return nil, err
	}
	if err := c.roomForHold(args.Hold); err != nil {
		return nil, err
	}
	result, undo, err := c.srv.target.Arm(args.Patterns, on, args.Hold)
	if err != nil {
		return nil, err
	}
	c.hold(undo)
	return result.JSON, nil
}

func (c *session) fail(req wire.Request) (minijson.Fields, error) {
	var args wire.FailArgs
	if err := wire.DecodeArgs(req.Args, args.JSON); err != nil {
		return nil, err
	}
	if err := c.roomForHold(args.Hold); err != nil {
		return nil, err
	}
	result, undo, err := c.srv.target.Fail(args)
	if err != nil {
		return nil, err
	}
	c.hold(undo)
	return result.JSON, nil
}

func (c *session) roomForHold(wanted bool) error {
	c.mu.Lock()
	n := len(c.holds)
	c.mu.Unlock()
	if wanted && n >= c.srv.opts.MaxHolds {
		return wire.Errorf(wire.CodeBusy, "this connection holds %d changes, the most that it may", n)
	}
	return nil
}

// hold keeps an undo for the connection's end. Only the reader calls it, so that none can come after the end.
func (c *session) hold(u Undo) {
	if u == nil {
		return
	}
	c.mu.Lock()
	c.holds = append(c.holds, u)
	c.mu.Unlock()
}

func (c *session) cancelStream(req wire.Request) (minijson.Fields, error) {
	var args wire.CancelArgs
	if err := wire.DecodeArgs(req.Args, args.JSON); err != nil {
		return nil, err
	}
	c.mu.Lock()
	cancel := c.running[args.ID]
	c.mu.Unlock()
	if cancel == nil {
		return nil, wire.Errorf(wire.CodeNotStream, "request %d is not a stream that runs", args.ID)
	}
	if args.Drop {
		cancel(errDropped)
	} else {
		cancel(errCanceled)
	}
	return wire.Nothing, nil
}

// stream runs body in the background under the request's id until it returns or its context ends. What body returns is
// the stream's end; the server adds a reason.
func (c *session) stream(req wire.Request, body func(ctx context.Context) wire.End) error {
	ctx, cancel := context.WithCancelCause(c.ctx)
	c.mu.Lock()
	_, used := c.running[req.ID]
	n := len(c.running)
	if !used && n < c.srv.opts.MaxStreams {
		c.running[req.ID] = cancel
		c.sending++
	}
	c.mu.Unlock()
	switch {
	case used:
		cancel(nil)
		return wire.Errorf(wire.CodeBadRequest, "request %d is a stream that still runs", req.ID)
	case n >= c.srv.opts.MaxStreams:
		cancel(nil)
		return wire.Errorf(wire.CodeBusy, "this connection has %d streams, the most that it may", n)
	}
	c.streams.Go(func() {
		defer cancel(nil)
		var end wire.End
		err := c.protect(req.Op, func() error {
			end = body(ctx)
			return nil
		})
		c.mu.Lock()
		delete(c.running, req.ID)
		c.mu.Unlock()
		defer func() { // or the client could be told that it is idle before it is told of the end
			c.mu.Lock()
			c.sending--
			c.mu.Unlock()
			c.touch()
		}()
		if err != nil {
			c.send(wire.Message{ID: req.ID, Error: asWireError(err)})
			return
		}
		if end.Reason == "" {
			end.Reason = endReason(ctx)
		}
		c.send(wire.Message{ID: req.ID, End: &end, Dropped: end.Dropped})
	})
	return nil
}

func endReason(ctx context.Context) string {
	switch context.Cause(ctx) {
	case nil:
		return wire.EndDone
	case errStopped:
		return wire.EndStopped
	}
	return wire.EndCanceled
}

// lsChunk is how much of a list is gathered before it is written, in bytes.
const lsChunk = 32 << 10

// ls streams hooks. Nothing is dropped: it waits for a slow client.
func (c *session) ls(req wire.Request) (minijson.Fields, error) {
	var args wire.LsArgs
	if err := wire.DecodeArgs(req.Args, args.JSON); err != nil {
		return nil, err
	}
	hooks, err := c.srv.target.Hooks(args.Patterns)
	if err != nil {
		return nil, err
	}
	return nil, c.stream(req, func(ctx context.Context) (end wire.End) {
		if c.reply(req.ID, wire.Nothing, nil) == nil {
			end.Events = c.sendHooks(ctx, req.ID, hooks)
		}
		return end
	})
}

func (c *session) sendHooks(ctx context.Context, id uint64, hooks iter.Seq[wire.Hook]) (sent uint64) {
	var lines []byte
	for h := range hooks {
		if ctx.Err() != nil {
			return sent
		}
		raw, err := marshalHook(h)
		if err != nil {
			continue // it has no form in JSON, which the type does not allow for
		}
		if lines, err = wire.Append(lines, (&wire.Message{ID: id, Event: raw}).JSON, wire.MaxLine); err != nil {
			continue
		}
		sent++
		if len(lines) >= lsChunk {
			if c.sendLines(lines) != nil {
				return sent
			}
			lines = lines[:0]
		}
	}
	if len(lines) > 0 {
		c.sendLines(lines)
	}
	return sent
}

// marshalHook makes a hook fit into a line: a point that was inlined everywhere can have more sites than that.
func marshalHook(h wire.Hook) ([]byte, error) {
	const room = wire.MaxLine - 256
	sites, handlers := h.Sites, h.Handlers
	for {
		raw, err := wire.Append(nil, h.JSON, room)
		if err == nil || len(h.Sites)+len(h.Handlers) == 0 {
			return raw[:max(len(raw)-1, 0)], err
		}
		h.Sites = slices.Clip(h.Sites[:len(h.Sites)/2])
		h.Handlers = slices.Clip(h.Handlers[:len(h.Handlers)/2])
		h.Cut = len(sites) - len(h.Sites) + len(handlers) - len(h.Handlers)
	}
}
