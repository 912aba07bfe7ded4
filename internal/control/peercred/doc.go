// Package peercred asks the kernel which user is at the other end of a unix socket: on Linux, macOS and
// FreeBSD, with nothing but the standard library. Elsewhere it is empty. What the kernel tells is who
// the peer was when it connected.
package peercred
