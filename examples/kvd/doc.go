// Kvd is a small key-value service: HTTP in front of a bbolt file.
//
//	PUT    /kv/{key}                      store the body: 201 if the key is new, else 204
//	GET    /kv/{key}                      the value, or 404
//	DELETE /kv/{key}                      204, or 404
//	GET    /kv?prefix=p&after=k&limit=n   keys in order, as JSON; "next" is what to pass as after
//	POST   /kv                            {"put": {"k": "v"}, "delete": ["k2"]}, in one transaction
//	POST   /compact                       rewrite the file without its free pages
//	GET    /healthz                       200, or 503 while shutting down
//
// A key is what follows /kv/, decoded; one with a part that is empty, "." or ".."
// has to be sent with its slashes as %2F. A write is answered when it is on disk. Errors are
// JSON: {"error": "…"}. There is no authentication, so it listens on loopback
// unless told otherwise.
//
// It is the example program of GKHI and the one that gkhi demo runs. Its hooks
// stand in hooks.go, their events in events.go, and what they cost when nobody uses
// them can be measured, since it also builds without them:
//
//	go build -tags nohooks ./examples/kvd
package main
