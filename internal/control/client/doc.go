// Package client talks to hooked processes: it finds them, connects, and turns what package wire defines into
// Go calls. The gkhi command is built on it.
//
// # Targets
//
// A target is written as
//
//   - a process id: 4242
//   - a process name, either what the kernel calls it or the base name of its executable: kvd. It has to name one
//     hooked process; several are an [ErrAmbiguous] with the list
//   - either of them with a copy of the library in that process: 4242/1. A process can have several copies, such as that of a Go
//     plugin's host and that of a c-shared library in it; each has its own hooks and its own socket, and so is
//     listed and addressed by itself
//   - a file's path, with a slash in it: an [ErrIsFile], since a file has no process to talk to
//
// # Finding the socket
//
// Servers put their sockets into a directory that package sockdir chooses. On Linux the client asks the kernel instead of guessing: it matches
// the listening sockets in /proc/PID/net/unix with those that the process has open, and connects through /proc/PID/root. So it
// finds processes with another root directory, another pid namespace or another GKHI_SOCKET_DIR, and says what
// is missing when it may not look. Elsewhere, or where /proc gives nothing, it reads the directories that it would use itself.
//
// After connecting it compares the pid of who listens, which the kernel vouches for, with the one it was
// asked for.
package client
