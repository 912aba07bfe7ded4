package client

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

func TestParseTarget(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, name := range []string{"prog", "dir/1"} {
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, nil, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	for text, tt := range map[string]struct {
		want target
		err  error
	}{
		"4242":     {target{pid: 4242, copy: -1}, nil},
		"4242/1":   {target{pid: 4242, copy: 1}, nil},
		"kvd":      {target{name: "kvd", copy: -1}, nil},
		"kvd/2":    {target{name: "kvd", copy: 2}, nil},
		"my-app.x": {target{name: "my-app.x", copy: -1}, nil},
		"prog":     {target{name: "prog", copy: -1}, nil}, // a process goes before a file of its name
		"./prog":   {target{}, ErrIsFile},
		"dir/1":    {target{}, ErrIsFile},
		"./absent": {target{}, ErrBadTarget},
		"a/b/1":    {target{}, ErrBadTarget},
		"kvd/x":    {target{}, ErrBadTarget},
		"kvd/-1":   {target{}, ErrBadTarget},
		"/":        {target{}, ErrIsFile},
		"":         {target{}, ErrBadTarget},
		"0":        {target{}, ErrBadTarget},
		"-3":       {target{}, ErrBadTarget},
		"kernel":   {target{}, ErrIsKernel},
	} {
		tt.want.text = text
		got, err := parseTarget(text)
		switch {
		case !errors.Is(err, tt.err):
			t.Errorf("%q: %v, want %v", text, err, tt.err)
		case err == nil && got != tt.want:
			t.Errorf("%q: %+v, want %+v", text, got, tt.want)
		}
	}
}

func TestNamed(t *testing.T) {
	p := Process{Name: "worker", Exe: "/usr/bin/app"}
	for name, want := range map[string]bool{"worker": true, "app": true, "work": false, "/usr/bin/app": false, "": false} {
		if got := p.named(name); got != want {
			t.Errorf("%q: %v", name, got)
		}
	}
	if (Process{}).named(".") {
		t.Error("a process that nothing is known of has a name")
	}
}

func TestTargetText(t *testing.T) {
	for want, p := range map[string]Process{
		"7":      {PID: 7},
		"7/0":    {PID: 7, copies: 2},
		"7/1":    {PID: 7, Copy: 1},
		"/run/s": {socket: "/run/s"},
	} {
		if got := p.Target(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
