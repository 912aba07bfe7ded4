package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"go.etcd.io/bbolt"
)

// A writeTx is a write transaction.
type writeTx struct {
	tx            *bbolt.Tx
	id            int
	bucket        *bbolt.Bucket
	begun         time.Time // zero if nobody asked
	puts, deletes int
}

// update runs fn in a write transaction and commits it, or rolls it back if fn
// fails. It gives up the wait for other writers when ctx ends; a transaction
// that has begun goes on to its end.
func (s *store) update(ctx context.Context, fn func(*writeTx) error) error {
	var start time.Time
	if onBegin.Armed() {
		start = time.Now()
	}
	unlock, err := s.lockWriter(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.db == nil {
		return os.ErrClosed
	}
	tx, err := s.db.Begin(true)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	w := &writeTx{tx: tx, id: tx.ID(), bucket: tx.Bucket(bucketName)}
	defer tx.Rollback() // if fn panics; after a commit or rollback it does nothing
	if onBegin.Armed() && !start.IsZero() {
		onBegin.Fire(BeginEvent{Tx: w.id, Took: time.Since(start)})
	}
	if onRollback.Armed() {
		w.begun = time.Now()
	}
	if err := fn(w); err != nil {
		return w.rollback(err)
	}
	return w.commit(s.opts.slowFsync)
}

// lockWriter waits for its turn to write.
func (s *store) lockWriter(ctx context.Context) (unlock func(), err error) {
	select {
	case s.writer <- struct{}{}:
		return func() { <-s.writer }, nil
	case <-ctx.Done():
		return nil, fmt.Errorf("waiting to write: %w", context.Cause(ctx))
	}
}

func (w *writeTx) put(key string, value []byte) (isNew bool, err error) {
	isNew = w.bucket.Get([]byte(key)) == nil
	if err := w.bucket.Put([]byte(key), value); err != nil {
		return false, fmt.Errorf("put: %w", err)
	}
	w.puts++
	if onPut.Armed() {
		onPut.Fire(PutEvent{Key: key, Bytes: len(value), New: isNew})
	}
	return isNew, nil
}

func (w *writeTx) delete(key string) (found bool, err error) {
	found = w.bucket.Get([]byte(key)) != nil
	if found {
		if err := w.bucket.Delete([]byte(key)); err != nil {
			return false, fmt.Errorf("delete: %w", err)
		}
		w.deletes++
	}
	if onDelete.Armed() {
		onDelete.Fire(DeleteEvent{Key: key, Found: found})
	}
	return found, nil
}

// rollback gives the transaction up because of cause, which it returns.
func (w *writeTx) rollback(cause error) error {
	err := w.tx.Rollback()
	if onRollback.Armed() && !w.begun.IsZero() {
		onRollback.Fire(RollbackEvent{Tx: w.id, Err: cause.Error(), Took: time.Since(w.begun)})
	}
	if err != nil {
		return fmt.Errorf("%w; and rolling back: %w", cause, err)
	}
	return cause
}

func (w *writeTx) commit(slowFsync time.Duration) error {
	if commitError.Armed() {
		if err, decided := commitError.Fire(CommitRequest{Tx: w.id, Puts: w.puts, Deletes: w.deletes}); decided {
			return w.rollback(fmt.Errorf("commit: %w", err))
		}
	}
	var start time.Time
	if onCommit.Armed() {
		start = time.Now()
	}
	err := w.tx.Commit()
	if onCommit.Armed() && !start.IsZero() {
		onCommit.Fire(CommitEvent{
			Tx: w.id, Puts: w.puts, Deletes: w.deletes, Err: errorText(err), Took: time.Since(start),
		})
	}
	if onPages.Armed() {
		st := w.tx.Stats()
		onPages.Fire(PagesEvent{
			Tx: w.id, Pages: st.GetPageCount(), Bytes: st.GetPageAlloc(),
			Splits: st.GetSplit(), Merges: st.GetRebalance(),
		})
	}
	if onSlowFsync.Armed() {
		if st := w.tx.Stats(); st.GetWriteTime() >= slowFsync {
			onSlowFsync.Fire(FsyncEvent{Tx: w.id, Writes: st.GetWrite(), Took: st.GetWriteTime()})
		}
	}
	if err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	return nil
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
