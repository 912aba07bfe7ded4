//go:build nohooks

package main

import (
	"log/slog"
	"net/http"
)

// The service without hooks, to measure it against. Armed is constant here, so
// the compiler drops every site with all that is in it, and the program
// does not link gkhi at all. Nobody needs such a file to use hooks.

type noHook[T any] struct{}

func (noHook[T]) Armed() bool { return false }
func (noHook[T]) Fire(T)      {}

type noDecision[T, R any] struct{}

func (noDecision[T, R]) Armed() bool                { return false }
func (noDecision[T, R]) Fire(T) (r R, decided bool) { return r, false }

type noPoint struct{}

func (noPoint) Hit() {}

var (
	onRequest  noHook[RequestEvent]
	onResponse noHook[ResponseEvent]
	onConn     noHook[ConnEvent]
	onLimit    noHook[LimitEvent]

	onBegin     noHook[BeginEvent]
	onCommit    noHook[CommitEvent]
	onRollback  noHook[RollbackEvent]
	onPages     noHook[PagesEvent]
	onSlowFsync noHook[FsyncEvent]
	onCompact   noHook[CompactEvent]

	onGet    noHook[GetEvent]
	onPut    noHook[PutEvent]
	onDelete noHook[DeleteEvent]
	onScan   noHook[ScanEvent]

	scanStep noPoint

	refuse      noDecision[RequestEvent, int]
	commitError noDecision[CommitRequest, error]
	readValue   noDecision[ReadRequest, string]
)

func debugHandler() http.Handler { return nil }

func serveHooks(*slog.Logger) (stop func() error, err error) { return func() error { return nil }, nil }
