package gkhihttp

import (
	"encoding/json"
	"net/http"

	"github.com/gkhi/gkhi/internal/control/self"
	"github.com/gkhi/gkhi/internal/control/wire"
)

func (h *handler) ls(w http.ResponseWriter, r *http.Request) error {
	hooks, err := h.target.Hooks(r.URL.Query()["pattern"])
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/x-ndjson")
	enc := json.NewEncoder(w)
	for hook := range hooks {
		if enc.Encode(hook) != nil {
			return nil // the client has gone
		}
	}
	return nil
}

func (h *handler) status(w http.ResponseWriter, r *http.Request) error {
	return writeJSON(w, http.StatusOK, h.describe())
}

func (h *handler) describe() wire.Status {
	st := h.target.Status()
	st.Hello = self.Hello()
	return st
}

func (h *handler) arm(w http.ResponseWriter, r *http.Request) error { return h.setArmed(w, r, true) }
func (h *handler) disarm(w http.ResponseWriter, r *http.Request) error {
	return h.setArmed(w, r, false)
}

func (h *handler) setArmed(w http.ResponseWriter, r *http.Request, on bool) error {
	if err := parse(r); err != nil {
		return err
	}
	result, _, err := h.target.Arm(r.Form["pattern"], on, false)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, result)
}

func (h *handler) fail(w http.ResponseWriter, r *http.Request) error {
	if err := parse(r); err != nil {
		return err
	}
	if r.Form.Get("name") == "" {
		return wire.Errorf(wire.CodeBadRequest, "no name says which decision is to fail")
	}
	result, _, err := h.target.Fail(wire.FailArgs{Name: r.Form.Get("name"), Term: r.Form.Get("term")})
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, result)
}

func (h *handler) release(w http.ResponseWriter, r *http.Request) error {
	if err := parse(r); err != nil {
		return err
	}
	n, err := h.target.Release(r.Form["pattern"])
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, wire.ReleaseResult{Released: n})
}

// parse reads a request's values, from its URL and its body.
func parse(r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return wire.Errorf(wire.CodeBadRequest, "the request's values: %v", err)
	}
	return nil
}
