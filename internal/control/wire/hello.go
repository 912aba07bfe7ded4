package wire

import "fmt"

// The protocol that this build speaks, and the oldest that it still understands.
const (
	Proto    = 1
	MinProto = 1
)

// MaxLine bounds a line in either direction, in bytes, newline included. MaxRequest is the lower
// bound that a server holds its clients to.
const (
	MaxLine    = 1 << 20
	MaxRequest = 64 << 10
)

// Hello is the first line of either side. A client fills in the first four fields; a server
// all that it knows.
type Hello struct {
	Proto   int    `json:"proto"`
	Min     int    `json:"min"`
	Version string `json:"version"` // of GKHI, as the go command writes it: v0.1.0, or (devel)
	PID     int    `json:"pid"`     // as the sender sees itself, in its own pid namespace

	Start     int64  `json:"start,omitempty"`     // when the process started; Unix time in ns, 0 unknown
	Copy      int    `json:"copy,omitempty"`      // which copy of the library in the process: 0 is the first
	Exe       string `json:"exe,omitempty"`       // path of the executable, as the process sees it
	Main      string `json:"main,omitempty"`      // import path of the main package; empty in programs of gkhi build, where the client reads it from the file
	GoVersion string `json:"goVersion,omitempty"` // as runtime.Version
	Platform  string `json:"platform,omitempty"`  // GOOS/GOARCH
	BuildID   string `json:"buildID,omitempty"`   // Go's build id of the executable; empty where it can't be read
}

// Compatible returns the protocol that two sides share: the newest that both know. The error is
// a *[VersionError].
func (h Hello) Compatible(peer Hello) (proto int, err error) {
	proto = min(h.Proto, peer.Proto)
	if proto < h.Min || proto < peer.Min {
		return 0, &VersionError{Mine: h, Peer: peer}
	}
	return proto, nil
}

// VersionError says that two sides share no protocol.
type VersionError struct {
	Mine, Peer Hello
}

// PeerIsOlder reports whether it is the peer that has to be updated.
func (e *VersionError) PeerIsOlder() bool { return e.Peer.Proto < e.Mine.Proto }

func (e *VersionError) Error() string {
	update := "this side"
	if e.PeerIsOlder() {
		update = "the other side"
	}
	return fmt.Sprintf("no common protocol: this side is gkhi %s (protocol %s), the other is gkhi %s (protocol %s); update %s",
		e.Mine.Version, e.Mine.protos(), e.Peer.Version, e.Peer.protos(), update)
}

func (h Hello) protos() string {
	if h.Min == h.Proto {
		return fmt.Sprint(h.Proto)
	}
	return fmt.Sprintf("%d to %d", h.Min, h.Proto)
}
