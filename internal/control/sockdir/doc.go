// Package sockdir decides where the sockets of hooked processes are and what they are called, makes
// and checks the directory, listens, and clears away what dead processes left.
//
// # The directory
//
// In this order: $GKHI_SOCKET_DIR when it is set; gkhi in $XDG_RUNTIME_DIR when that belongs to this user and nobody else can
// write to it; gkhi-UID in the directory for temporary files. It has mode 0700 and has to belong to this user and not be a symbolic link, else it
// is refused: in a shared /tmp anybody may have made it first.
//
// # The name
//
// PID-START-COPY.sock: the process's id in its own pid namespace, its start in clock ticks since the machine's (0 where that is unknown), and
// the number of the copy of the library in that process. Since no two processes have the first two in common, a name is
// never used by another process later, so to remove a dead one's socket can't hit a live one.
//
// # What is stale
//
// A socket is removed when all of this holds: nobody listens on it; no process has its pid, or one with another start; and it is older than
// [graceTime], for a process of another pid namespace that shares the directory, between its bind and its listen.
package sockdir
