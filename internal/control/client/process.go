package client

import (
	"context"
	"fmt"
	"time"

	"github.com/gkhi/gkhi/internal/control/wire"
)

// Process is one copy of the library in a process: something to talk to.
type Process struct {
	PID   int       // as this process sees it
	Copy  int       // 0 but where a process has several copies of the library
	Name  string    // the kernel's name for the process, or its executable's base name
	Exe   string    // path of the executable as the process sees it; may be unknown
	UID   int       // owner; -1 where unknown
	Start time.Time // zero where unknown

	Hello *wire.Hello // what it said when it was asked; nil before
	Err   error       // in a list: why it could not be asked

	socket string // path to connect to
	nsPID  int    // in its own pid namespace
	copies int    // how many copies were found in the process
}

// Target returns the shortest text that [Resolve] turns into this process again.
func (p Process) Target() string {
	if p.PID == 0 {
		return p.socket
	}
	if p.copies > 1 || p.Copy > 0 {
		return fmt.Sprintf("%d/%d", p.PID, p.Copy)
	}
	return fmt.Sprint(p.PID)
}

// Socket returns the path that Dial connects to.
func (p Process) Socket() string { return p.socket }

// At is a process known by its socket only. Who listens there is not compared with anything.
func At(socket string) Process { return Process{UID: -1, socket: socket} }

// List finds the processes that this user can talk to, sorted by pid and copy, and asks each who it is. One that does not answer
// is in the list with Err set.
func List(ctx context.Context) ([]Process, error) {
	found, err := find(ctx)
	askAll(ctx, found)
	return found, err
}

// Resolve finds the one process that target means. See the package comment for how targets are written. The error is a
// *[TargetError].
func Resolve(ctx context.Context, target string) (Process, error) { return resolve(ctx, target) }

// Dial finds the process that target means and connects to it.
func Dial(ctx context.Context, target string) (*Client, error) {
	p, err := Resolve(ctx, target)
	if err != nil {
		return nil, err
	}
	return p.Dial(ctx)
}
