package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
)

// A pair is a module's test, built without points and with them.
type pair struct {
	subject
	dir   string // of the package, where tests run
	built [2]program
	order []string // benchmarks, as they run
}

// Without points, and with them.
const (
	plain = iota
	hooked
)

// A program is a test as the linker makes it by itself, and the same code laid out in other ways.
type program struct {
	exe     string
	size    int64
	layouts []*layout
}

// build builds a module's test both ways, in so many layouts.
func (w *workshop) build(s subject, layouts int) (*pair, error) {
	fmt.Fprintf(w.stderr, "build %s\n", s.module)
	src, err := w.download(s)
	if err != nil {
		return nil, err
	}
	p := &pair{subject: s, dir: filepath.Join(src, s.pkg)}
	out, err := os.MkdirTemp(w.dir, "built-")
	if err != nil {
		return nil, err
	}
	for way := range p.built {
		exe := filepath.Join(out, []string{"plain", "hooked"}[way]+".test")
		if err := w.link(s, src, way, exe); err != nil {
			return nil, err
		}
		info, err := os.Stat(exe)
		if err != nil {
			return nil, err
		}
		p.built[way].exe, p.built[way].size = exe, info.Size()
	}
	// What is compiled is compiled; only the linker runs again, on as many processors as there are.
	var (
		running sync.WaitGroup
		free    = make(chan struct{}, runtime.NumCPU())
		errs    = make([]error, 2*layouts)
	)
	for i := range errs {
		way, seed := i%2, i/2+1
		l := &layout{exe: fmt.Sprintf("%s-%d.test", strings.TrimSuffix(p.built[way].exe, ".test"), seed), least: map[string]float64{}}
		p.built[way].layouts = append(p.built[way].layouts, l)
		running.Go(func() {
			free <- struct{}{}
			defer func() { <-free }()
			// Functions in another order, and each beginning at any byte.
			errs[i] = w.link(s, src, way, l.exe, fmt.Sprintf("-ldflags=-randlayout=%d -funcalign=1", seed))
		})
	}
	running.Wait()
	return p, errors.Join(errs...)
}

// link builds a test one way. What was compiled before is in the go command's cache.
func (w *workshop) link(s subject, src string, way int, exe string, flags ...string) error {
	tool := "go"
	args := append([]string{"test", "-c", "-o", exe}, flags...)
	if way == hooked {
		tool = w.gkhi
		args = append(args, w.hooks...)
	}
	return w.run(src, tool, append(args, s.pkg)...)
}

// download copies a module to where it can be worked on. The copy stays, so that what is compiled of it is found in the go
// command's cache the next time.
func (w *workshop) download(s subject) (dir string, err error) {
	dir = filepath.Join(w.cache, strings.ReplaceAll(s.module, "/", "_")+"@"+s.version)
	if _, err := os.Stat(dir); err == nil {
		return dir, nil
	}
	cmd := exec.Command("go", "mod", "download", "-json", s.module+"@"+s.version)
	cmd.Dir = w.dir
	cmd.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=-mod=mod")
	out, err := cmd.Output()
	var m struct{ Dir, Error string }
	if e := json.Unmarshal(out, &m); e != nil {
		return "", errors.Join(err, e)
	}
	if m.Error != "" {
		return "", errors.New(m.Error)
	}
	if err := os.MkdirAll(w.cache, 0o755); err != nil {
		return "", err
	}
	temp, err := os.MkdirTemp(w.cache, "copy-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(temp) // nothing is there when all went well
	to := filepath.Join(temp, "module")
	if err := os.CopyFS(to, os.DirFS(m.Dir)); err != nil {
		return "", err
	}
	// The module cache is read-only, and so is the copy.
	err = filepath.Walk(to, func(name string, info fs.FileInfo, err error) error {
		if err != nil {
			return err
		}
		return os.Chmod(name, info.Mode()|0o200)
	})
	if err != nil {
		return "", err
	}
	if err := os.Rename(to, dir); err != nil {
		if _, there := os.Stat(dir); there != nil { // another run was faster
			return "", err
		}
	}
	return dir, nil
}
