package gkhihttp

import (
	"bytes"
	_ "embed"
	"html/template"
	"net/http"
	"slices"
	"strings"

	"github.com/gkhi/gkhi/internal/control/wire"
)

//go:embed index.html
var indexText string

var indexPage = template.Must(template.New("index").Parse(indexText))

// index is the page for people; or all of it as one JSON object.
func (h *handler) index(w http.ResponseWriter, r *http.Request) error {
	hooks, err := h.target.Hooks(nil)
	if err != nil {
		return err
	}
	page := struct {
		Status  wire.Status `json:"status"`
		Hooks   []wire.Hook `json:"hooks"`
		Control bool        `json:"control"`
	}{h.describe(), slices.Collect(hooks), h.control}
	w.Header().Set("Vary", "Accept")
	if wantsJSON(r) {
		return writeJSON(w, http.StatusOK, page)
	}
	var b bytes.Buffer
	if err := indexPage.Execute(&b, page); err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'")
	w.Write(b.Bytes()) // an error is the client's going
	return nil
}

// wantsJSON goes by the format that is asked for, or by what is accepted: JSON named before HTML.
func wantsJSON(r *http.Request) bool {
	if f := r.URL.Query().Get("format"); f != "" {
		return f == "json"
	}
	for part := range strings.SplitSeq(r.Header.Get("Accept"), ",") {
		kind, _, _ := strings.Cut(strings.TrimSpace(part), ";")
		switch kind {
		case "application/json", "application/x-ndjson":
			return true
		case "text/html":
			return false
		}
	}
	return false
}
