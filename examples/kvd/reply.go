package main

import (
	"encoding/json"
	"net/http"
)

// A recorder remembers what was answered.
type recorder struct {
	http.ResponseWriter
	status int // 200 until told otherwise, once anything is written; 0 before
	bytes  int64
}

func (r *recorder) WriteHeader(status int) {
	if r.status == 0 {
		r.status = status
	}
	r.ResponseWriter.WriteHeader(status)
}

func (r *recorder) Write(p []byte) (int, error) {
	if r.status == 0 {
		r.status = http.StatusOK
	}
	n, err := r.ResponseWriter.Write(p)
	r.bytes += int64(n)
	return n, err
}

// Unwrap is for http.ResponseController.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

func replyJSON(w http.ResponseWriter, status int, v any) error {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	return json.NewEncoder(w).Encode(v)
}

// replyError answers with {"error": text}. A client that is gone doesn't get it.
func replyError(w http.ResponseWriter, status int, text string) {
	_ = replyJSON(w, status, map[string]string{"error": text})
}
