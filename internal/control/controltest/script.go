package controltest

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/gkhi/gkhi/internal/control/wire"
	"github.com/gkhi/gkhi/internal/control/wirejson"
)

// Peer is a client made of lines, for tests that need one that misbehaves. Its reads give up after [Patience].
type Peer struct {
	net.Conn
	r    *wire.Reader
	next uint64
}

// Patience bounds what a test waits for. It is long, since a busy machine is no failure.
const Patience = 20 * time.Second

// NewPeer wraps the client's end of a connection.
func NewPeer(conn net.Conn) *Peer {
	return &Peer{Conn: conn, r: wire.NewReader(conn, wire.MaxLine)}
}

// Greet exchanges hellos as a client of this version does.
func (p *Peer) Greet() (wire.Hello, error) {
	return p.GreetAs(wire.Hello{Proto: wire.Proto, Min: wire.MinProto, Version: "test"})
}

// GreetAs exchanges hellos with any claim.
func (p *Peer) GreetAs(h wire.Hello) (wire.Hello, error) {
	m, err := p.Read()
	if err != nil {
		return wire.Hello{}, err
	}
	if m.Hello == nil {
		return wire.Hello{}, fmt.Errorf("no hello but %+v", m)
	}
	return *m.Hello, p.Send(wire.ClientHello{Hello: &h})
}

// Send writes v as a line.
func (p *Peer) Send(v any) error {
	line, err := wirejson.Append(nil, v, 64<<20)
	if err != nil {
		return err
	}
	_, err = p.Write(line)
	return err
}

// Request sends a request under the next id, and returns that.
func (p *Peer) Request(op string, args any) (id uint64, err error) {
	p.next++
	req := wire.Request{ID: p.next, Op: op}
	if args != nil {
		if req.Args, err = json.Marshal(args); err != nil {
			return 0, err
		}
	}
	return p.next, p.Send(req)
}

// Read returns the next message.
func (p *Peer) Read() (m wire.Message, err error) {
	p.SetReadDeadline(time.Now().Add(Patience))
	err = wirejson.Read(p.r, &m)
	return m, err
}

// Ask sends a request and returns the answer to it, which has to be the next message of its id.
func (p *Peer) Ask(op string, args any) (wire.Message, error) {
	id, err := p.Request(op, args)
	if err != nil {
		return wire.Message{}, err
	}
	for {
		m, err := p.Read()
		if err != nil || m.ID == id || m.ID == 0 {
			return m, err
		}
	}
}

// ErrSlow says that something did not come about within [Patience].
var ErrSlow = errors.New("it did not come about in time")

// Until waits for cond.
func Until(cond func() bool) error {
	for end := time.Now().Add(Patience); !cond(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			return ErrSlow
		}
	}
	return nil
}
