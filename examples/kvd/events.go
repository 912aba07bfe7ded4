package main

import "time"

// What the hooks in hooks.go fire. A field of type time.Duration is what gkhi
// stat makes a histogram of.

// A RequestEvent is a request that has just been read.
type RequestEvent struct {
	Method, Path string
	Bytes        int64 // of the body; -1 if the client did not say
}

// A ResponseEvent is a request that has been answered.
type ResponseEvent struct {
	Method, Path string
	Status       int
	Bytes        int64 // of the body
	Took         time.Duration
}

// A ConnEvent is a connection that changes its state: new, active, idle or closed.
type ConnEvent struct{ Remote, State string }

// A LimitEvent is a request that was refused because something in it is too large.
type LimitEvent struct {
	What string // key or body
	Size int64  // at least
	Max  int64
}

// A BeginEvent is a write transaction that has begun, after it waited for the one before it.
type BeginEvent struct {
	Tx   int
	Took time.Duration // the wait
}

// A CommitEvent is a write transaction that is on disk, or failed to get there.
type CommitEvent struct {
	Tx            int
	Puts, Deletes int
	Err           string
	Took          time.Duration // in the commit alone
}

// A CommitRequest is a write transaction that is about to be committed.
type CommitRequest struct{ Tx, Puts, Deletes int }

// A RollbackEvent is a write transaction that was given up.
type RollbackEvent struct {
	Tx   int
	Err  string        // why
	Took time.Duration // since it began
}

// A PagesEvent tells what a commit did to the tree on disk.
type PagesEvent struct {
	Tx             int
	Pages, Bytes   int64 // allocated
	Splits, Merges int64
}

// A FsyncEvent is a commit that spent longer than -slow-fsync writing to disk.
type FsyncEvent struct {
	Tx     int
	Writes int64
	Took   time.Duration
}

// A GetEvent is a value that was read.
type GetEvent struct {
	Key   string
	Found bool
	Bytes int
	Took  time.Duration
}

// A ReadRequest is a value that is about to be returned to a client.
type ReadRequest struct {
	Key   string
	Found bool
	Bytes int
}

// A PutEvent is a value that was stored in a transaction, which may yet fail.
type PutEvent struct {
	Key   string
	Bytes int
	New   bool
}

// A DeleteEvent is a key that was deleted in a transaction, which may yet fail.
type DeleteEvent struct {
	Key   string
	Found bool
}

// A ScanEvent is a listing.
type ScanEvent struct {
	Prefix, After string
	Keys          int
	Took          time.Duration
}

// A CompactEvent is a file that was rewritten.
type CompactEvent struct {
	Before, After int64 // size in bytes
	Took          time.Duration
}
