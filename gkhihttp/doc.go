// Package gkhihttp shows the hooks of a program over HTTP, beside its other
// debug pages:
//
//	mux.Handle(gkhihttp.Path, gkhihttp.Handler())
//
// Use it where the control socket (gkhi.Serve) can't be reached, such as from
// another machine. It is the same API:
//
//	GET  /debug/gkhi/         all hooks, as a page; as JSON with ?format=json or Accept: application/json
//	GET  /debug/gkhi/ls       hooks: ?pattern=kvd.*, as often as wanted
//	GET  /debug/gkhi/status   the process: versions, how sites are armed, and why
//	GET  /debug/gkhi/trace    events as they come: ?pattern=, max=, sample=, goroutine=1, d=10s
//	GET  /debug/gkhi/stat     counts and latencies: ?pattern=, interval=1s, d=10s
//	GET  /debug/gkhi/record   a recording, for gkhi report: ?pattern=, d=10s, args=1, stack=16
//	POST /debug/gkhi/arm      pattern= of hook/handler; also disarm
//	POST /debug/gkhi/fail     name= of a decision, term=
//	POST /debug/gkhi/release  pattern= of decisions whose paused callers go on
//
// A recording takes ten seconds unless d says otherwise. ls, trace and stat answer with one JSON object a line. A trace or stat begins
// with a line that has "matched" and finishes with one that has "end", with the
// number of events that were dropped for want of room; a client that is slow loses
// events, and never holds up the program. Errors are JSON with an HTTP status
// that fits.
//
// # Who may do what
//
// The handler checks no password: mount it where only those who may see the
// program's inside get to, as with net/http/pprof. Events show what the program
// puts in them, and a recording with arguments numbers and lengths of all kinds. A trace, a stat or a recording arms handlers while it runs and takes them off
// when the request ends, however it does.
//
// Nothing can be changed unless the program says [AllowControl]: without it the
// POST requests are refused. With it they need a header X-Gkhi-Control, of any
// value, which a page of another site can't send, since browsers ask first and
// this handler does not agree (that is cross-site request forgery). For the same
// reason a browser's request from another site for a trace or stat is refused.
//
// On a loopback address only requests for localhost or an IP address are served,
// lest a web page whose name is pointed at this machine reads along (DNS
// rebinding). [AllowHosts] adds names.
package gkhihttp
