// Package control lets gkhi see and steer the hooks of a live process through a unix socket. It is the side in
// the hooked program; package client is the other, and package wire says what they tell each other.
//
// Promises to the program that links it:
//
//   - It is never blocked by who looks at it. Events go into a bounded buffer; where there is no room they are dropped and counted. A client that takes
//     nothing is cut off.
//   - It never crashes from input. Lines, connections, streams and holds are bounded, and a panic while a request is served is
//     an error to the client.
//   - It is left as it was. What a connection's traces and stats registered, and what it armed or set with hold, is
//     undone when the connection ends, for whatever reason it does.
//   - Only its own user and root get in. The directory's mode sees to it, and where the system says who
//     the peer is, that is checked too.
//
// The package knows hooks only through [Target]. It imports neither the root package nor net/http, since hooked programs link
// what it imports; nor encoding/json, and on Linux not net. See docs/rationale.md for what that saves.
package control
