package gkhihttp

import (
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"path"
	"strings"

	_ "github.com/gkhi/gkhi" // makes its registry the default target
	"github.com/gkhi/gkhi/internal/control"
	"github.com/gkhi/gkhi/internal/control/wire"
)

// Path is where the handler is meant to be mounted.
const Path = "/debug/gkhi/"

// ControlHeader is the header that requests need that change something.
const ControlHeader = "X-Gkhi-Control"

// maxStreams bounds the traces, stats and recordings that run at once, of one handler.
const maxStreams = 16

// maxBody bounds the body of a request, in bytes.
const maxBody = 64 << 10

// An Option changes what a [Handler] does.
type Option func(*handler)

// AllowControl lets clients arm and disarm handlers, set failpoints and release
// what they hold. What they change stays so after the request.
func AllowControl() Option { return func(h *handler) { h.control = true } }

// AllowHosts adds to the names under which the handler serves on a loopback
// address, for a proxy on the same machine that passes on the name that it was
// asked for. Names are without a port.
func AllowHosts(names ...string) Option {
	return func(h *handler) {
		for _, n := range names {
			h.hosts[strings.ToLower(n)] = true
		}
	}
}

// Handler returns a handler that shows this process's hooks. It expects request
// paths that begin with [Path], or that this was stripped from. It is safe for
// concurrent use; several may be mounted, with different options.
func Handler(opts ...Option) http.Handler {
	h := &handler{
		target:  control.Default(),
		hosts:   map[string]bool{"localhost": true},
		streams: make(chan struct{}, maxStreams),
	}
	for _, o := range opts {
		o(h)
	}
	return h
}

type handler struct {
	target  control.Target
	control bool
	hosts   map[string]bool
	streams chan struct{} // has an element for each that runs
}

// A route is one thing that can be asked for.
type route struct {
	method string
	serve  func(*handler, http.ResponseWriter, *http.Request) error
	stream bool // arms handlers while it runs
}

var routes = map[string]route{
	"":        {http.MethodGet, (*handler).index, false},
	"ls":      {http.MethodGet, (*handler).ls, false},
	"status":  {http.MethodGet, (*handler).status, false},
	"trace":   {http.MethodGet, (*handler).trace, true},
	"stat":    {http.MethodGet, (*handler).stat, true},
	"record":  {http.MethodGet, (*handler).record, true},
	"arm":     {http.MethodPost, (*handler).arm, false},
	"disarm":  {http.MethodPost, (*handler).disarm, false},
	"fail":    {http.MethodPost, (*handler).fail, false},
	"release": {http.MethodPost, (*handler).release, false},
}

// ServeHTTP implements [http.Handler].
func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	header.Set("Cache-Control", "no-store")
	header.Set("X-Content-Type-Options", "nosniff")
	name, _ := strings.CutPrefix(path.Clean("/"+r.URL.Path), strings.TrimSuffix(Path, "/"))
	name = strings.Trim(name, "/")
	rt, ok := routes[name]
	if !ok {
		writeError(w, http.StatusNotFound, wire.Errorf(wire.CodeUnknownOp, "there is no %s here; see the page %s", name, Path))
		return
	}
	if err := h.guard(rt, r); err != nil {
		writeError(w, http.StatusForbidden, err)
		return
	}
	head := r.Method == http.MethodHead && rt.method == http.MethodGet && !rt.stream
	if r.Method != rt.method && !head {
		header.Set("Allow", rt.method)
		writeError(w, http.StatusMethodNotAllowed, wire.Errorf(wire.CodeBadRequest, "%s takes %s, not %s", name, rt.method, r.Method))
		return
	}
	if rt.stream {
		select {
		case h.streams <- struct{}{}:
			defer func() { <-h.streams }()
		default:
			writeError(w, http.StatusServiceUnavailable, wire.Errorf(wire.CodeBusy, "%d traces, stats and recordings run already, the most that may", maxStreams))
			return
		}
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	if err := rt.serve(h, w, r); err != nil {
		writeError(w, status(err), asWire(err))
	}
}

// guard says why a request is refused for who it seems to be from.
func (h *handler) guard(rt route, r *http.Request) *wire.Error {
	if local, ok := r.Context().Value(http.LocalAddrContextKey).(*net.TCPAddr); ok && local.IP.IsLoopback() && !h.knownHost(r.Host) {
		return wire.Errorf(wire.CodeDenied, "requests for the host %q are not served on a loopback address; see gkhihttp.AllowHosts", r.Host)
	}
	if rt.stream && r.Header.Get("Sec-Fetch-Site") == "cross-site" {
		return wire.Errorf(wire.CodeDenied, "a page of another site may not have hooks armed")
	}
	if rt.method != http.MethodPost || r.Method != http.MethodPost {
		return nil
	}
	if !h.control {
		return wire.Errorf(wire.CodeRefused, "this program lets nobody change its hooks over HTTP: gkhihttp.Handler is without AllowControl; the gkhi command on its machine can")
	}
	if r.Header.Get(ControlHeader) == "" {
		return wire.Errorf(wire.CodeRefused, "requests that change something need a header %s, of any value", ControlHeader)
	}
	if err := http.NewCrossOriginProtection().Check(r); err != nil {
		return wire.Errorf(wire.CodeDenied, "%v", err)
	}
	return nil
}

// knownHost reports whether a request's Host is one that a DNS name of somebody else's can't be.
func (h *handler) knownHost(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.Trim(host, "[]")
	return net.ParseIP(host) != nil || h.hosts[strings.ToLower(strings.TrimSuffix(host, "."))]
}

func asWire(err error) *wire.Error {
	var e *wire.Error
	if errors.As(err, &e) {
		return e
	}
	return wire.Errorf(wire.CodeFailed, "%v", err)
}

// status returns the HTTP status for an error.
func status(err error) int {
	switch asWire(err).Code {
	case wire.CodeBadRequest, wire.CodeBadPattern, wire.CodeBadTerm:
		return http.StatusBadRequest
	case wire.CodeNotFound:
		return http.StatusNotFound
	case wire.CodeRefused, wire.CodeDenied:
		return http.StatusForbidden
	case wire.CodeUnsupported:
		return http.StatusConflict
	}
	return http.StatusInternalServerError
}

func writeError(w http.ResponseWriter, code int, e *wire.Error) {
	writeJSON(w, code, map[string]*wire.Error{"error": e})
}

func writeJSON(w http.ResponseWriter, code int, v any) error {
	data, err := json.Marshal(v)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	w.Write(append(data, '\n')) // an error is the client's going
	return nil
}
