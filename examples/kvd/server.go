package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"strconv"
	"sync/atomic"
	"time"
)

const (
	maxKey      = 1 << 10 // bytes
	defaultList = 100     // keys in a listing
	maxList     = 1000
)

// A server answers requests from a store.
type server struct {
	store    *store
	log      *slog.Logger
	opts     serverOptions
	mux      *http.ServeMux
	draining atomic.Bool // set when the process is about to end
}

type serverOptions struct {
	maxBody int64         // bytes
	timeout time.Duration // of a request
	slow    time.Duration // what is logged as a slow request
}

func newServer(st *store, log *slog.Logger, opts serverOptions) *server {
	s := &server{store: st, log: log, opts: opts, mux: http.NewServeMux()}
	s.handle("GET /kv/{key...}", s.get)
	s.handle("PUT /kv/{key...}", s.put)
	s.handle("DELETE /kv/{key...}", s.delete)
	s.handle("GET /kv", s.list)
	s.handle("POST /kv", s.batch)
	s.handle("POST /compact", s.compact)
	s.handle("GET /healthz", s.health)
	return s
}

// handle routes pattern to f, and answers for f when it returns an error.
func (s *server) handle(pattern string, f func(http.ResponseWriter, *http.Request) error) {
	s.mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
		if err := f(w, r); err != nil {
			s.fail(w, r, err)
		}
	})
}

// ServeHTTP is what happens around every request.
func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	start := time.Now()
	rec := &recorder{ResponseWriter: w}
	if onRequest.Armed() {
		onRequest.Fire(RequestEvent{Method: r.Method, Path: r.URL.Path, Bytes: r.ContentLength})
	}
	if status, ok := refused(r); ok {
		replyError(rec, status, "refused")
	} else {
		ctx, cancel := context.WithTimeout(r.Context(), s.opts.timeout)
		defer cancel()
		r.Body = http.MaxBytesReader(w, r.Body, s.opts.maxBody)
		s.mux.ServeHTTP(rec, r.WithContext(ctx))
	}
	took := time.Since(start)
	if onResponse.Armed() {
		onResponse.Fire(ResponseEvent{
			Method: r.Method, Path: r.URL.Path, Status: rec.status, Bytes: rec.bytes, Took: took,
		})
	}
	level := slog.LevelDebug
	if took >= s.opts.slow {
		level = slog.LevelWarn
	}
	s.log.LogAttrs(r.Context(), level, "request", slog.String("method", r.Method), slog.String("path", r.URL.Path),
		slog.Int("status", rec.status), slog.Int64("bytes", rec.bytes), slog.Duration("took", took))
}

// refused asks whether to answer r with a status instead of serving it. What is
// no status of an error stands for 503.
func refused(r *http.Request) (status int, ok bool) {
	if !refuse.Armed() {
		return 0, false
	}
	status, ok = refuse.Fire(RequestEvent{Method: r.Method, Path: r.URL.Path, Bytes: r.ContentLength})
	if status < 400 || status > 599 {
		status = http.StatusServiceUnavailable
	}
	return status, ok
}

func (s *server) get(w http.ResponseWriter, r *http.Request) error {
	key, err := keyOf(r)
	if err != nil {
		return err
	}
	value, err := s.store.Get(key)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("Content-Length", strconv.Itoa(len(value)))
	_, err = w.Write(value)
	return s.gone(r, err)
}

func (s *server) put(w http.ResponseWriter, r *http.Request) error {
	key, err := keyOf(r)
	if err != nil {
		return err
	}
	value, err := io.ReadAll(r.Body)
	if err != nil {
		return badRequest{err}
	}
	isNew, err := s.store.Put(r.Context(), key, value)
	if err != nil {
		return err
	}
	if isNew {
		w.WriteHeader(http.StatusCreated)
	} else {
		w.WriteHeader(http.StatusNoContent)
	}
	return nil
}

func (s *server) delete(w http.ResponseWriter, r *http.Request) error {
	key, err := keyOf(r)
	if err != nil {
		return err
	}
	if err := s.store.Delete(r.Context(), key); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (s *server) list(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	limit := defaultList
	if text := q.Get("limit"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > maxList {
			return badRequest{fmt.Errorf("limit has to be a number from 1 to %d", maxList)}
		}
		limit = n
	}
	keys, more, err := s.store.List(q.Get("prefix"), q.Get("after"), limit)
	if err != nil {
		return err
	}
	var reply struct {
		Keys []entry `json:"keys"`
		Next string  `json:"next,omitempty"`
	}
	reply.Keys = keys
	if more {
		reply.Next = keys[len(keys)-1].Key
	}
	return s.gone(r, replyJSON(w, http.StatusOK, reply))
}

func (s *server) batch(w http.ResponseWriter, r *http.Request) error {
	var req struct {
		Put    map[string]string `json:"put"`
		Delete []string          `json:"delete"`
	}
	dec := json.NewDecoder(r.Body)
	dec.DisallowUnknownFields()
	if err := dec.Decode(&req); err != nil {
		return badRequest{err}
	}
	for k := range req.Put {
		if err := checkKey(k); err != nil {
			return err
		}
	}
	if err := s.store.Batch(r.Context(), req.Put, req.Delete); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (s *server) compact(w http.ResponseWriter, r *http.Request) error {
	before, after, err := s.store.Compact(r.Context())
	if err != nil {
		return err
	}
	s.log.Info("compacted", "before", before, "after", after)
	return s.gone(r, replyJSON(w, http.StatusOK, map[string]int64{"before": before, "after": after}))
}

func (s *server) health(w http.ResponseWriter, _ *http.Request) error {
	if s.draining.Load() {
		replyError(w, http.StatusServiceUnavailable, "shutting down")
		return nil
	}
	_, err := io.WriteString(w, "ok\n")
	return err
}

// A badRequest is an error that the client can mend.
type badRequest struct{ error }

func (e badRequest) Unwrap() error { return e.error }

func keyOf(r *http.Request) (string, error) {
	key := r.PathValue("key")
	return key, checkKey(key)
}

func checkKey(key string) error {
	switch {
	case key == "":
		return badRequest{errors.New("the key is empty")}
	case len(key) > maxKey:
		if onLimit.Armed() {
			onLimit.Fire(LimitEvent{What: "key", Size: int64(len(key)), Max: maxKey})
		}
		return badRequest{fmt.Errorf("the key is longer than %d bytes", maxKey)}
	}
	return nil
}

// gone logs that an answer did not reach its client, which is no fault of this side's.
func (s *server) gone(r *http.Request, err error) error {
	if err != nil {
		s.log.DebugContext(r.Context(), "client gone", "path", r.URL.Path, "err", err)
	}
	return nil
}

// fail answers a request that failed with err.
func (s *server) fail(w http.ResponseWriter, r *http.Request, err error) {
	var tooLarge *http.MaxBytesError
	switch {
	case errors.Is(err, errNotFound):
		replyError(w, http.StatusNotFound, err.Error())
	case errors.As(err, &tooLarge):
		if onLimit.Armed() {
			onLimit.Fire(LimitEvent{What: "body", Size: max(r.ContentLength, tooLarge.Limit+1), Max: tooLarge.Limit})
		}
		replyError(w, http.StatusRequestEntityTooLarge, fmt.Sprintf("the body is larger than %d bytes", tooLarge.Limit))
	case errors.As(err, new(badRequest)):
		replyError(w, http.StatusBadRequest, err.Error())
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrClosed):
		w.Header().Set("Retry-After", "1")
		replyError(w, http.StatusServiceUnavailable, err.Error())
	default:
		s.log.ErrorContext(r.Context(), "request failed", "method", r.Method, "path", r.URL.Path, "err", err)
		replyError(w, http.StatusInternalServerError, err.Error())
	}
}
