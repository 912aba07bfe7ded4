package top

import (
	"time"

	"github.com/gkhi/gkhi/internal/control/client"
	"github.com/gkhi/gkhi/internal/control/wire"
)

// A Command is what the model asks the engine for.
type Command struct {
	Op    Op
	Names []string // of hooks and functions; patterns of OpPattern
}

// An Op is what to do.
type Op uint8

// The ops.
const (
	OpArm     Op = iota + 1 // Names too
	OpDisarm                // Names
	OpPattern               // arm what Names match, and nothing else
	OpList                  // find all functions
	OpWatch                 // who calls Names[0], and whom it calls
	OpUnwatch               //
)

// A Message is what the engine tells the model: one of the types below.
type Message any

type (
	// Listed says which hooks and functions there are, besides those known.
	Listed struct {
		Hooks []wire.Hook
		All   bool // these are all
	}

	// Armed says what is counted from now on.
	Armed struct {
		At      time.Time
		Names   []string
		Skipped []wire.Skip
		Note    string
	}

	// Tick is a snapshot of what is armed.
	Tick struct {
		Snapshot client.Snapshot
		Dropped  uint64 // snapshots that were skipped, of this stat
	}

	// Edges is who calls a function and whom it calls.
	Edges struct {
		Name  string
		Graph Graph
		Err   error // why there is none
	}

	// Note is what could not be done, and why.
	Note struct{ Err error }

	// Ended says that there is nothing more to come from the process.
	Ended struct{ Err error }
)
