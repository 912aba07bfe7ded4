package top

import (
	"context"
	"io"
	"iter"

	"github.com/gkhi/gkhi/internal/control/client"
	"github.com/gkhi/gkhi/internal/control/wire"
)

// A Process is what top asks of a connection.
type Process interface {
	Hooks(ctx context.Context, patterns ...string) ([]wire.Hook, error)
	Status(ctx context.Context) (wire.Status, error)

	// Stat begins to count. The stream ends when ctx does, with a last snapshot.
	Stat(ctx context.Context, spec wire.StatSpec) (Stat, error)

	// Record begins to record, for who calls whom. The recording has much data, so it should come over another
	// connection than the stats.
	Record(ctx context.Context, spec wire.RecordSpec) (Recording, error)
}

// A Stat is a stream of snapshots.
type Stat interface {
	Matched() wire.Matched
	Snapshots() iter.Seq2[client.Snapshot, error]
	Dropped() uint64
	End() *wire.End
	Close() error
}

// A Recording is a stream in the format of package event.
type Recording interface {
	io.ReadCloser
	Dropped() uint64
}
