package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"
)

// errNotFound is the error of reading or deleting a key that is not there.
var errNotFound = errors.New("no such key")

var bucketName = []byte("kv")

// A store is the keys and values in one bbolt file. All methods are safe for
// concurrent use.
type store struct {
	path string
	opts storeOptions

	// writer holds one token, and who has it may write. bbolt has a lock of its
	// own for that, but waiting for that one can't be given up when a request is.
	// It is taken before mu.
	writer chan struct{}

	mu sync.RWMutex // held shared while db is used, exclusively to put another in its place
	db *bbolt.DB    // nil once closed
}

type storeOptions struct {
	noSync    bool          // don't wait for the disk: a crash may lose or damage the file
	slowFsync time.Duration // what counts as a slow write to disk
}

// openStore opens the file at path, and creates it if need be. It fails after a
// second if another process has it open.
func openStore(path string, opts storeOptions) (*store, error) {
	if err := os.Remove(compactPath(path)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("what an interrupted compaction left: %w", err)
	}
	db, err := openDB(path, opts)
	if err != nil {
		return nil, err
	}
	err = db.Update(func(tx *bbolt.Tx) error {
		_, err := tx.CreateBucketIfNotExists(bucketName)
		return err
	})
	if err != nil {
		db.Close()
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	return &store{path: path, opts: opts, db: db, writer: make(chan struct{}, 1)}, nil
}

func openDB(path string, opts storeOptions) (*bbolt.DB, error) {
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{
		Timeout:      time.Second,
		NoSync:       opts.noSync,
		FreelistType: bbolt.FreelistMapType,
	})
	if errors.Is(err, berrors.ErrTimeout) {
		return nil, fmt.Errorf("open %s: another process has it open", path)
	}
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	return db, nil
}

// Close waits for transactions and closes the file.
func (s *store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.db == nil {
		return nil
	}
	err := s.db.Close()
	s.db = nil
	return err
}

// Get returns a copy of the value at key, or errNotFound.
func (s *store) Get(key string) (value []byte, err error) {
	var start time.Time
	if onGet.Armed() {
		start = time.Now()
	}
	err = s.view(func(b *bbolt.Bucket) error {
		if v := b.Get([]byte(key)); v != nil {
			value = bytes.Clone(v)
			return nil
		}
		return errNotFound
	})
	if readValue.Armed() {
		if v, ok := readValue.Fire(ReadRequest{Key: key, Found: err == nil, Bytes: len(value)}); ok {
			value, err = []byte(v), nil
		}
	}
	if onGet.Armed() && !start.IsZero() {
		onGet.Fire(GetEvent{Key: key, Found: err == nil, Bytes: len(value), Took: time.Since(start)})
	}
	return value, err
}

// An entry is one key in a listing.
type entry struct {
	Key   string `json:"key"`
	Bytes int    `json:"bytes"`
}

// List returns up to limit keys, in order, that start with prefix and come after
// the key after. More tells that there are others.
func (s *store) List(prefix, after string, limit int) (list []entry, more bool, err error) {
	var start time.Time
	if onScan.Armed() {
		start = time.Now()
	}
	list = []entry{}
	err = s.view(func(b *bbolt.Bucket) error {
		p, c := []byte(prefix), b.Cursor()
		for k, v := c.Seek([]byte(max(prefix, after))); bytes.HasPrefix(k, p) && k != nil; k, v = c.Next() {
			scanStep.Hit()
			if string(k) == after {
				continue
			}
			if len(list) == limit {
				more = true
				return nil
			}
			list = append(list, entry{string(k), len(v)})
		}
		return nil
	})
	if onScan.Armed() && !start.IsZero() {
		onScan.Fire(ScanEvent{Prefix: prefix, After: after, Keys: len(list), Took: time.Since(start)})
	}
	return list, more, err
}

// view runs fn in a read transaction.
func (s *store) view(fn func(*bbolt.Bucket) error) error {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.db == nil {
		return os.ErrClosed
	}
	return s.db.View(func(tx *bbolt.Tx) error { return fn(tx.Bucket(bucketName)) })
}

// Put stores value at key and tells whether the key is new.
func (s *store) Put(ctx context.Context, key string, value []byte) (isNew bool, err error) {
	err = s.update(ctx, func(w *writeTx) (err error) {
		isNew, err = w.put(key, value)
		return err
	})
	return isNew, err
}

// Delete removes key. The error may be errNotFound.
func (s *store) Delete(ctx context.Context, key string) error {
	return s.update(ctx, func(w *writeTx) error {
		found, err := w.delete(key)
		if err == nil && !found {
			err = errNotFound // which rolls back: nothing has to be written
		}
		return err
	})
}

// Batch stores and deletes, all or nothing. Keys to delete may be missing.
func (s *store) Batch(ctx context.Context, puts map[string]string, deletes []string) error {
	return s.update(ctx, func(w *writeTx) error {
		for _, k := range deletes {
			if _, err := w.delete(k); err != nil {
				return err
			}
		}
		for k, v := range puts {
			if _, err := w.put(k, []byte(v)); err != nil {
				return err
			}
		}
		return nil
	})
}
