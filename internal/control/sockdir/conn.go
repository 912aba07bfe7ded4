package sockdir

import (
	"io"
	"syscall"
	"time"
)

// Conn is a connection that a [Listener] accepted. It is what a net.Conn and an os.File have in common, and is safe for
// concurrent use as they are: a read or write after its deadline fails with an error that is os.ErrDeadlineExceeded, and Close ends
// those that wait.
type Conn interface {
	io.ReadWriteCloser
	syscall.Conn
	SetReadDeadline(t time.Time) error
	SetWriteDeadline(t time.Time) error
}
