package client

import (
	"context"
	"encoding/json"
	"iter"

	"github.com/gkhi/gkhi/internal/control/wire"
	"github.com/gkhi/gkhi/internal/hist"
)

// Hooks returns the hooks whose names match, sorted by name; all when there are no patterns.
func (c *Client) Hooks(ctx context.Context, patterns ...string) ([]wire.Hook, error) {
	s, err := c.open(ctx, wire.OpLs, wire.LsArgs{Patterns: patterns})
	if err != nil {
		return nil, err
	}
	hooks := []wire.Hook{}
	for h, err := range decode[wire.Hook](s) {
		if err != nil {
			return nil, err
		}
		hooks = append(hooks, h)
	}
	return hooks, ctx.Err()
}

// Status describes the process.
func (c *Client) Status(ctx context.Context) (wire.Status, error) {
	return call[wire.Status](ctx, c, wire.OpStatus, nil)
}

// Arm arms the handlers that match, or none of them when any can't be armed.
func (c *Client) Arm(ctx context.Context, args wire.ArmArgs) (wire.ArmResult, error) {
	return call[wire.ArmResult](ctx, c, wire.OpArm, args)
}

// Disarm disarms the handlers that match, or none of them.
func (c *Client) Disarm(ctx context.Context, args wire.ArmArgs) (wire.ArmResult, error) {
	return call[wire.ArmResult](ctx, c, wire.OpDisarm, args)
}

// Fail sets or removes the failpoint term of a decision.
func (c *Client) Fail(ctx context.Context, args wire.FailArgs) (wire.FailResult, error) {
	return call[wire.FailResult](ctx, c, wire.OpFail, args)
}

// Release lets the callers go on that failpoints hold.
func (c *Client) Release(ctx context.Context, patterns ...string) (wire.ReleaseResult, error) {
	return call[wire.ReleaseResult](ctx, c, wire.OpRelease, wire.ReleaseArgs{Patterns: patterns})
}

// Prepare makes the process look for the sites of its hooks, so that Hooks and Status know of them. It makes them no-ops, as arming the
// first handler does, which changes nothing of what the program does.
func (c *Client) Prepare(ctx context.Context) (wire.PrepareResult, error) {
	return call[wire.PrepareResult](ctx, c, wire.OpPrepare, nil)
}

// Trace is a stream of events.
type Trace struct {
	*Stream
	Matched wire.Matched
}

// Trace starts a trace. It ends when the spec's limit is reached, ctx ends, its Close is called, or the connection does. When
// ctx ends, the events that were sent before are still yielded, and End has the totals.
func (c *Client) Trace(ctx context.Context, spec wire.TraceSpec) (*Trace, error) {
	s, err := c.open(ctx, wire.OpTrace, spec)
	if err != nil {
		return nil, err
	}
	t := &Trace{Stream: s}
	if err := json.Unmarshal(s.result, &t.Matched); err != nil {
		s.Close()
		return nil, err
	}
	return t, nil
}

// Events yields the events as they come. An error is the last thing that it yields. To break out of the loop closes the stream.
func (t *Trace) Events() iter.Seq2[wire.Event, error] { return decode[wire.Event](t.Stream) }

// Snapshot is one report of a stat. Its rows are totals since the stat began; subtract an earlier snapshot's to get a rate.
type Snapshot struct {
	Seq  uint64
	Time int64 // Unix time in ns, by the target's clock
	Rows []wire.StatRow
}

// Delta returns, row by row, what was counted since prev. Rows that prev does not have are as they are.
func (s Snapshot) Delta(prev Snapshot) []wire.StatRow {
	old := make(map[string]wire.StatRow, len(prev.Rows))
	for _, r := range prev.Rows {
		old[r.Hook] = r
	}
	rows := make([]wire.StatRow, len(s.Rows))
	for i, r := range s.Rows {
		o := old[r.Hook]
		r.Calls -= o.Calls
		r.Timed -= o.Timed
		r.Total -= o.Total
		r.Self -= o.Self
		if r.Latency != nil {
			var before hist.Snapshot
			if o.Latency != nil {
				before = *o.Latency
			}
			d := r.Latency.Sub(before)
			r.Latency = &d
		}
		rows[i] = r
	}
	return rows
}

// Stat is a stream of snapshots.
type Stat struct {
	*Stream
	Matched wire.Matched
}

// Stat starts to count. It ends as a trace does; the target sends one last snapshot when ctx ends.
func (c *Client) Stat(ctx context.Context, spec wire.StatSpec) (*Stat, error) {
	s, err := c.open(ctx, wire.OpStat, spec)
	if err != nil {
		return nil, err
	}
	t := &Stat{Stream: s}
	if err := json.Unmarshal(s.result, &t.Matched); err != nil {
		s.Close()
		return nil, err
	}
	return t, nil
}

// Snapshots yields the snapshots as they come, each whole. An error is the last thing that it yields.
func (t *Stat) Snapshots() iter.Seq2[Snapshot, error] {
	return func(yield func(Snapshot, error) bool) {
		var snap Snapshot
		for part, err := range decode[wire.StatPart](t.Stream) {
			if err != nil {
				yield(Snapshot{}, err)
				return
			}
			if part.Seq != snap.Seq {
				snap = Snapshot{Seq: part.Seq, Time: part.Time}
			}
			snap.Rows = append(snap.Rows, part.Rows...)
			if part.Last && !yield(snap, nil) {
				return
			}
		}
	}
}
