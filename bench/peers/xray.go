package main

import (
	"os"
	"path/filepath"
	"strings"
)

// xray is LLVM XRay: sleds in a function, and who is called from there.
func (w *workshop) xray() ([]*peer, error) {
	plain, err := w.compile("xray-plain", "clang", "function.c")
	if err != nil {
		return nil, err
	}
	var peers []*peer
	for _, m := range []struct{ arg, name, notes string }{
		{"", "XRay, a handler that does nothing", "nothing"},
		{"xray-fdr", "XRay, flight data recorder", "time, thread, CPU; in memory, the oldest overwritten"},
		{"xray-basic", "XRay, basic log", "time, thread, CPU; to a file"},
	} {
		hooked, err := w.compile("xray-"+m.arg, "clang++", "xray.c", "-x", "c++", "-fxray-instrument", "-fxray-instruction-threshold=1",
			`-DXRAY_MODE="`+m.arg+`"`, `-DXRAY_OPTIONS="func_duration_threshold_us=0"`)
		if err != nil {
			return nil, err
		}
		p, err := w.pair(m.name, plain, hooked)
		if err != nil {
			return nil, err
		}
		arm := w.xrayOn(p)
		if m.arg == "xray-basic" {
			if arm, err = w.xrayOnce(hooked); err != nil {
				return nil, err
			}
		}
		if m.arg == "xray-fdr" {
			try := w.command(hooked)
			try.Stdin = strings.NewReader("on\noff\n")
			out, err := output(try)
			if err != nil {
				return nil, err
			}
			w.emulated = strings.Contains(out, "Unable to determine CPU frequency")
		}
		p.modes = []*mode{{name: m.name, notes: m.notes, events: 2, arm: arm}}
		peers = append(peers, p)
	}
	return peers, nil
}

// xrayOn arms by telling the program so, and removes the files that the end of that leaves.
func (w *workshop) xrayOn(p *peer) func() (*subject, func(int) (int, error), error) {
	on := switched(p, "on")
	return func() (*subject, func(int) (int, error), error) {
		s, end, err := on()
		return s, func(calls int) (int, error) {
			_, err := end(calls)
			w.remove("xray-log.*")
			return untold, err
		}, err
	}
}

// xrayOnce arms a program of its own, once: a basic log that was finalised notes nothing when it is initialised again.
func (w *workshop) xrayOnce(exe string) (func() (*subject, func(int) (int, error), error), error) {
	s, err := w.startKept(exe)
	if err != nil {
		return nil, err
	}
	if err := s.tell("on"); err != nil {
		return nil, err
	}
	return func() (*subject, func(int) (int, error), error) {
		return s, func(int) (int, error) { return 0, nil }, nil // each event is written by who has it
	}, nil
}

// remove removes files from the folder.
func (w *workshop) remove(pattern string) {
	names, _ := filepath.Glob(filepath.Join(w.dir, pattern)) // the patterns here are right
	for _, name := range names {
		os.RemoveAll(name)
	}
}
