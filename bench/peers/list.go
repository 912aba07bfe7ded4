package main

import (
	"embed"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// sources are those of the subjects in C.
//
//go:embed c
var sources embed.FS

// A maker makes a peer, and says what it needs for that.
type maker struct {
	name     string
	tools    []string // programs that have to be there
	packages string   // of Debian, that have them and what else is needed
	make     func(*workshop) ([]*peer, error)
}

var makers = []maker{
	{"gkhi", []string{"go"}, "golang", (*workshop).gkhi},
	{"LLVM XRay", []string{"clang++"}, "clang libclang-rt-14-dev", (*workshop).xray},
	{"LTTng-UST", []string{"gcc", "lttng", "lttng-sessiond"}, "gcc lttng-tools liblttng-ust-dev", (*workshop).lttng},
	{"uftrace", []string{"gcc", "uftrace"}, "gcc uftrace", (*workshop).uftrace},
	{"runtime/trace", []string{"go"}, "golang", (*workshop).runtimeTrace},
	{"bpftrace", []string{"gcc", "bpftrace"}, "gcc bpftrace", (*workshop).bpftrace},
	{"the time stamp counter", []string{"gcc"}, "gcc", (*workshop).counter},
}

// unpack puts the sources into the folder.
func (w *workshop) unpack() error { return os.CopyFS(w.dir, sources) }

// peers makes those that can be made here, or gkhi and one other. left says which can't, and why.
func (w *workshop) peers(only string, stderr io.Writer) (made []*peer, left []string) {
	if err := w.unpack(); err != nil {
		return nil, []string{err.Error()}
	}
	for _, m := range makers {
		if only != "" && m.name != "gkhi" && !strings.EqualFold(m.name, only) {
			continue
		}
		ps, err := m.try(w)
		if err != nil {
			left = append(left, fmt.Sprintf("%s: %v", m.name, err))
			fmt.Fprintln(stderr, "left out:", left[len(left)-1])
			continue
		}
		made = append(made, ps...)
	}
	return made, left
}

func (m maker) try(w *workshop) ([]*peer, error) {
	for _, tool := range m.tools {
		if _, err := exec.LookPath(tool); err != nil {
			return nil, fmt.Errorf("%s is not installed (apt-get install %s)", tool, m.packages)
		}
	}
	ps, err := m.make(w)
	if err != nil {
		return nil, fmt.Errorf("%w (apt-get install %s, if that is what is missing)", err, m.packages)
	}
	return ps, nil
}

// counter is a function that reads the time stamp counter.
func (w *workshop) counter() ([]*peer, error) {
	plain, err := w.compile("counter-plain", "gcc", "function.c")
	if err != nil {
		return nil, err
	}
	hooked, err := w.compile("counter", "gcc", "function.c", `-DFIRST="rdtsc"`, `-DLAST=""`)
	if err != nil {
		return nil, err
	}
	p, err := w.pair("the time stamp counter", plain, hooked)
	if err != nil {
		return nil, err
	}
	p.clock = true
	return []*peer{p}, nil
}

// compile compiles a C subject and returns the program.
func (w *workshop) compile(name, compiler, source string, args ...string) (string, error) {
	exe := filepath.Join(w.dir, name)
	args = append([]string{"-O2", "-o", exe, filepath.Join("c", source)}, args...)
	_, err := w.do(compiler, args...)
	return exe, err
}

// pair starts a peer's programs.
func (w *workshop) pair(name, plain, hooked string, args ...string) (*peer, error) {
	a, err := w.startKept(plain, args...)
	if err != nil {
		return nil, err
	}
	b, err := w.startKept(hooked, args...)
	return &peer{name: name, plain: a, hooked: b}, err
}

// versions says which releases were measured.
func (w *workshop) versions() string {
	var found []string
	for _, tool := range []string{"clang++", "lttng", "uftrace", "bpftrace"} {
		if _, err := exec.LookPath(tool); err != nil {
			continue
		}
		out, err := w.do(tool, "--version")
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			continue
		}
		line, _, _ := strings.Cut(out, "\n")
		found = append(found, strings.TrimSpace(line))
	}
	return strings.Join(found, "; ")
}
