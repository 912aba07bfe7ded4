package gkhihttp_test

import (
	"errors"
	"io"
	"net/http"
	"testing"

	"github.com/gkhi/gkhi/gkhihttp"
	"github.com/gkhi/gkhi/internal/control/controltest"
	recording "github.com/gkhi/gkhi/internal/event"
)

func TestRecord(t *testing.T) {
	s := serve(t)
	resp, err := http.Get(s.URL + gkhihttp.Path + "record?pattern=web.hook&d=300ms")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if !hook.Armed() {
		t.Error("nothing is armed")
	}
	hook.Fire(event{Key: "a"})
	hook.Fire(event{Key: "b"})
	r, err := recording.NewReader(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for {
		rec, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if rec.Kind == recording.KindHit {
			got = append(got, r.Hooks[rec.Hit.Hook]+" "+string(rec.Hit.Fields))
		}
	}
	if len(got) != 2 || got[0] != `web.hook {"Key":"a","Took":0}` {
		t.Errorf("recorded %q", got)
	}
	if err := controltest.Until(func() bool { return !hook.Armed() }); err != nil {
		t.Error(err)
	}
	for _, bad := range []string{"record", "record?pattern=nosuch", "record?pattern=web.hook&d=x", "record?pattern=web.hook&stack=x"} {
		resp, err := http.Get(s.URL + gkhihttp.Path + bad)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode < 400 {
			t.Errorf("%s: %s", bad, resp.Status)
		}
	}
}
