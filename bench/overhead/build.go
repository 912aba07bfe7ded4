package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// A pair is a module's test, built without points and with them.
type pair struct {
	subject
	dir   string // of the package, where tests run
	exe   [2]string
	size  [2]int64
	took  [2]time.Duration // to build, when the dependencies are there
	bench map[string]*benchmark
	order []string
}

// Without points, and with them.
const (
	plain = iota
	hooked
)

// build downloads a module and builds its test both ways.
func (w *workshop) build(s subject) (*pair, error) {
	fmt.Fprintf(w.stderr, "build %s\n", s.module)
	src, err := w.download(s)
	if err != nil {
		return nil, err
	}
	p := &pair{subject: s, dir: filepath.Join(src, s.pkg), bench: map[string]*benchmark{}}
	for i, tool := range []string{"go", w.gkhi} {
		p.exe[i] = filepath.Join(src, []string{"plain", "hooked"}[i]+".test")
		start := time.Now()
		if err := w.run(src, tool, "test", "-c", "-o", p.exe[i], s.pkg); err != nil {
			return nil, err
		}
		p.took[i] = time.Since(start)
		info, err := os.Stat(p.exe[i])
		if err != nil {
			return nil, err
		}
		p.size[i] = info.Size()
	}
	return p, nil
}

// download copies a module to where it can be worked on.
func (w *workshop) download(s subject) (dir string, err error) {
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
	dir, err = os.MkdirTemp(w.dir, "module-")
	if err != nil {
		return "", err
	}
	if err := os.CopyFS(dir, os.DirFS(m.Dir)); err != nil {
		return "", err
	}
	// The module cache is read-only, and so is the copy.
	return dir, filepath.Walk(dir, func(name string, info os.FileInfo, err error) error {
		if err != nil {
			return err
		}
		return os.Chmod(name, info.Mode()|0o200)
	})
}
