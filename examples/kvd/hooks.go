//go:build !nohooks

package main

import (
	"context"
	"errors"
	"log/slog"
	"net/http"

	"github.com/gkhi/gkhi"
	"github.com/gkhi/gkhi/gkhihttp"
)

var (
	onRequest  gkhi.Hook[RequestEvent]
	onResponse gkhi.Hook[ResponseEvent]
	onConn     gkhi.Hook[ConnEvent]
	onLimit    gkhi.Hook[LimitEvent]

	onBegin     gkhi.Hook[BeginEvent]
	onCommit    gkhi.Hook[CommitEvent]
	onRollback  gkhi.Hook[RollbackEvent]
	onPages     gkhi.Hook[PagesEvent]
	onSlowFsync gkhi.Hook[FsyncEvent]
	onCompact   gkhi.Hook[CompactEvent]

	onGet    gkhi.Hook[GetEvent]
	onPut    gkhi.Hook[PutEvent]
	onDelete gkhi.Hook[DeleteEvent]
	onScan   gkhi.Hook[ScanEvent]

	scanStep gkhi.Point

	refuse      gkhi.Decision[RequestEvent, int]
	commitError gkhi.Decision[CommitRequest, error]
	readValue   gkhi.Decision[ReadRequest, string]
)

func init() {
	gkhi.Declare(&onRequest, "kvd.request", "a request was read")
	gkhi.Declare(&onResponse, "kvd.response", "a request was answered")
	gkhi.Declare(&onConn, "kvd.conn", "a connection changed its state")
	gkhi.Declare(&onLimit, "kvd.limit", "a request was refused: too large")

	gkhi.Declare(&onBegin, "kvd.begin", "a write transaction began, after its wait for the lock")
	gkhi.Declare(&onCommit, "kvd.commit", "a write transaction was committed")
	gkhi.Declare(&onRollback, "kvd.rollback", "a write transaction was rolled back")
	gkhi.Declare(&onPages, "kvd.pages", "a commit allocated pages in the file")
	gkhi.Declare(&onSlowFsync, "kvd.slow-fsync", "a commit waited long for the disk (-slow-fsync)")
	gkhi.Declare(&onCompact, "kvd.compact", "the file was compacted")

	gkhi.Declare(&onGet, "kvd.get", "a value was read")
	gkhi.Declare(&onPut, "kvd.put", "a value was stored, not yet committed")
	gkhi.Declare(&onDelete, "kvd.delete", "a key was deleted, not yet committed")
	gkhi.Declare(&onScan, "kvd.scan", "keys were listed")

	gkhi.DeclarePoint(&scanStep, "kvd.scan-step", "a listing looked at one key")

	gkhi.DeclareDecision(&refuse, "kvd.refuse", "answer a request with this status instead of serving it")
	gkhi.DeclareDecision(&commitError, "kvd.commit-error", "fail a commit with this error")
	gkhi.DeclareDecision(&readValue, "kvd.read-value", "read this instead of what is stored")
}

// debugHandler shows the hooks over HTTP, for -debug. It lets nobody change them.
func debugHandler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle(gkhihttp.Path, gkhihttp.Handler())
	return mux
}

// serveHooks lets the gkhi command see and steer the hooks of this process, until
// stop is called, which is never nil. One handler is here for it to arm: kvd.commit/log,
// which logs each commit.
func serveHooks(log *slog.Logger) (stop func() error, err error) {
	logCommit, err := onCommit.Register("log", func(ev CommitEvent) gkhi.Verdict {
		log.Info("commit", "tx", ev.Tx, "puts", ev.Puts, "deletes", ev.Deletes, "err", ev.Err, "took", ev.Took)
		return gkhi.Continue
	})
	if err != nil {
		return func() error { return nil }, err
	}
	if err := gkhi.Prepare(); err != nil { // else it would be done when the first handler is armed
		log.Debug("hooks test a flag each", "why", err)
	}
	stopServing, err := gkhi.Serve()
	return func() error {
		return errors.Join(stopServing(), logCommit.Deregister(context.Background()))
	}, err
}
