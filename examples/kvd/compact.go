package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"go.etcd.io/bbolt"
)

// compactTx is how many bytes of keys and values a compaction copies in one transaction.
const compactTx = 1 << 20

func compactPath(path string) string { return path + ".compact" }

// Compact rewrites the file without its free pages and returns its size before
// and after. Reads go on meanwhile; writes wait. If it fails the file is as it was.
func (s *store) Compact(ctx context.Context) (before, after int64, err error) {
	var start time.Time
	if onCompact.Armed() {
		start = time.Now()
	}
	unlock, err := s.lockWriter(ctx)
	if err != nil {
		return 0, 0, err
	}
	defer unlock()
	db, err := s.compacted()
	if err != nil {
		return 0, 0, fmt.Errorf("compact: %w", err)
	}

	s.mu.Lock() // waits for the readers of the old file
	defer s.mu.Unlock()
	if s.db == nil {
		return 0, 0, errors.Join(os.ErrClosed, db.Close())
	}
	// Both are open when the name changes hands, so there is always one to go on with.
	if err := os.Rename(compactPath(s.path), s.path); err != nil {
		return 0, 0, errors.Join(fmt.Errorf("compact: %w", err), db.Close(), os.Remove(compactPath(s.path)))
	}
	old := s.db
	s.db = db
	before, after = sizeOf(old), sizeOf(db)
	if onCompact.Armed() && !start.IsZero() {
		onCompact.Fire(CompactEvent{Before: before, After: after, Took: time.Since(start)})
	}
	return before, after, errors.Join(old.Close(), syncDir(filepath.Dir(s.path)))
}

// compacted copies the file. The caller holds the writer's token.
func (s *store) compacted() (*bbolt.DB, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.db == nil {
		return nil, os.ErrClosed
	}
	db, err := openDB(compactPath(s.path), s.opts)
	if err != nil {
		return nil, err
	}
	if err := bbolt.Compact(db, s.db, compactTx); err != nil {
		return nil, errors.Join(err, db.Close(), os.Remove(compactPath(s.path)))
	}
	return db, nil
}

// sizeOf returns the size of an open database in bytes.
func sizeOf(db *bbolt.DB) (n int64) {
	db.View(func(tx *bbolt.Tx) error {
		n = tx.Size()
		return nil
	})
	return n
}

// syncDir makes a rename in dir last.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
