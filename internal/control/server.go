package control

import (
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/gkhi/gkhi/internal/control/self"
	"github.com/gkhi/gkhi/internal/control/sockdir"
	"github.com/gkhi/gkhi/internal/control/wire"
)

// Options bound what clients can make a server hold. Zero fields take the defaults.
type Options struct {
	Dir    string       // directory of the socket; the default is sockdir's choice
	Report func(string) // gets what the program's owner should know, such as a panic in a request

	MaxConns     int           // connections at once; 16
	MaxStreams   int           // streams at once, per connection; 16
	MaxHolds     int           // changes held, per connection; 1024
	BufferEvents int           // events that wait for a slow client, per trace; 65536
	BufferBytes  int           // bytes of those; 16 MiB
	Hello        time.Duration // for the client's first line; 10 s
	Idle         time.Duration // until a connection that runs and holds nothing is closed; 2 min
	Write        time.Duration // until a client that takes nothing is cut off; 1 min
	Undo         time.Duration // wait for calls in flight when a change is undone; 5 s
}

func (o Options) withDefaults() Options {
	def := func(v *int, d int) {
		if *v <= 0 {
			*v = d
		}
	}
	defTime := func(v *time.Duration, d time.Duration) {
		if *v <= 0 {
			*v = d
		}
	}
	def(&o.MaxConns, 16)
	def(&o.MaxStreams, 16)
	def(&o.MaxHolds, 1024)
	def(&o.BufferEvents, DefaultBufferEvents)
	def(&o.BufferBytes, DefaultBufferBytes)
	defTime(&o.Hello, 10*time.Second)
	defTime(&o.Idle, 2*time.Minute)
	defTime(&o.Write, time.Minute)
	defTime(&o.Undo, 5*time.Second)
	if o.Report == nil {
		o.Report = func(string) {}
	}
	return o
}

// Conn is what a server needs of a connection: a net.Conn has it, and so has an os.File that is a socket. All of it is safe for concurrent
// use. A read or write after its deadline fails with an error that is os.ErrDeadlineExceeded.
type Conn interface {
	io.ReadWriteCloser
	SetReadDeadline(t time.Time) error
	SetWriteDeadline(t time.Time) error
}

// Server serves one copy of the library in this process.
type Server struct {
	target Target
	opts   Options
	hello  wire.Hello

	listener *sockdir.Listener
	wg       sync.WaitGroup // accept loop and sessions

	mu       sync.Mutex
	sessions map[*session]struct{}
	closed   bool
}

// Serve makes the socket, removes those of dead processes beside it, and serves in the background until Close.
func Serve(target Target, opts Options) (*Server, error) {
	s := New(target, opts)
	dir := opts.Dir
	var err error
	if dir == "" {
		dir, err = sockdir.Dir()
	} else {
		err = sockdir.Make(dir)
	}
	if err != nil {
		return nil, err
	}
	// A stale socket that can't be removed is no reason not to serve.
	if _, err := sockdir.Clean(dir); err != nil {
		s.opts.Report("stale sockets: " + err.Error())
	}
	if s.listener, err = sockdir.Listen(dir); err != nil {
		return nil, fmt.Errorf("control socket: %w", err)
	}
	s.hello.Copy = s.listener.Name.Copy
	s.wg.Go(s.accept)
	return s, nil
}

// New makes a server with no socket; it serves what is given to ServeConn.
func New(target Target, opts Options) *Server {
	return &Server{
		target:   target,
		opts:     opts.withDefaults(),
		hello:    self.Hello(),
		sessions: map[*session]struct{}{},
	}
}

// Path returns where the socket is; empty when there is none.
func (s *Server) Path() string {
	if s.listener == nil {
		return ""
	}
	return s.listener.Path
}

// Close stops listening, tells clients, undoes what they hold, and removes the socket. It returns when all of
// that is done; calls of handlers that are still in flight are waited for as long as Options.Undo says.
func (s *Server) Close() error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil
	}
	s.closed = true
	for c := range s.sessions {
		c.stop()
	}
	s.mu.Unlock()
	var err error
	if s.listener != nil {
		err = s.listener.Close()
	}
	s.wg.Wait()
	return err
}

func (s *Server) accept() {
	delay := time.Duration(0)
	for {
		conn, err := s.listener.Accept()
		switch {
		case errors.Is(err, os.ErrClosed):
			return
		case err != nil:
			// Too many open files, most likely: the program's own trouble, which passes.
			delay = min(max(2*delay, 10*time.Millisecond), time.Second)
			time.Sleep(delay)
			if s.isClosed() {
				return
			}
			continue
		}
		delay = 0
		if refusal := checkPeer(conn); refusal != nil {
			refuse(conn, refusal)
			continue
		}
		s.start(conn)
	}
}

func (s *Server) isClosed() bool {
	s.mu.Lock()
	closed := s.closed
	s.mu.Unlock()
	return closed
}

// start serves conn in the background, or refuses it.
func (s *Server) start(conn Conn) {
	if c := s.admit(conn); c != nil {
		go s.serve(c)
	}
}

// ServeConn serves one connection, which is not checked for who the peer is, and returns when it has ended and all that it
// held is undone. It closes conn.
func (s *Server) ServeConn(conn Conn) {
	if c := s.admit(conn); c != nil {
		s.serve(c)
	}
}

// admit makes a session of conn, or refuses it. The session has to be served.
func (s *Server) admit(conn Conn) *session {
	s.mu.Lock()
	var why *wire.Error
	switch {
	case s.closed:
		why = wire.Errorf(wire.CodeStopped, "%v", errStopped)
	case len(s.sessions) >= s.opts.MaxConns:
		why = wire.Errorf(wire.CodeBusy, "the process has %d connections, the most that it takes; end another gkhi command", s.opts.MaxConns)
	default:
		c := newSession(s, conn)
		s.sessions[c] = struct{}{}
		s.wg.Add(1)
		s.mu.Unlock()
		return c
	}
	s.mu.Unlock()
	refuse(conn, why)
	return nil
}

func (s *Server) serve(c *session) {
	defer s.wg.Done()
	c.run()
	s.mu.Lock()
	delete(s.sessions, c)
	s.mu.Unlock()
}

func (s *Server) clients() int {
	s.mu.Lock()
	n := len(s.sessions)
	s.mu.Unlock()
	return n
}

// refuse says why and closes. The line fits into an empty socket's buffer, so that it does not block; the deadline is for
// a system where that is not so.
func refuse(conn Conn, why *wire.Error) {
	line, err := wire.Append(nil, (&wire.Message{Error: why}).JSON, wire.MaxLine)
	if err == nil {
		conn.SetWriteDeadline(time.Now().Add(time.Second))
		conn.Write(line)
	}
	conn.Close()
}
