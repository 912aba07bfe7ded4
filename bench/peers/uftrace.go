package main

import (
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
)

// uftrace is a function with room for a call at its entry, and one that calls mcount.
func (w *workshop) uftrace() ([]*peer, error) {
	plain, err := w.compile("uftrace-plain", "gcc", "function.c")
	if err != nil {
		return nil, err
	}
	var peers []*peer
	for _, k := range []struct {
		name, flag string
		options    []string
	}{
		{"uftrace, patchable entry", "-fpatchable-function-entry=5", []string{"-P", "^work$"}},
		{"uftrace, -pg", "-pg", []string{"--no-libcall"}},
	} {
		hooked, err := w.compile("uftrace"+k.flag, "gcc", "function.c", k.flag)
		if err != nil {
			return nil, err
		}
		p, err := w.pair(k.name, plain, hooked)
		if err != nil {
			return nil, err
		}
		p.modes = []*mode{{name: k.name, notes: "time, thread, depth of calls; to a file", events: 2, arm: w.uftraceOn(hooked, k.options)}}
		peers = append(peers, p)
	}
	return peers, nil
}

// uftraceOn starts the program under uftrace: it can't be told to begin later.
func (w *workshop) uftraceOn(exe string, options []string) func() (*subject, func(int) (int, error), error) {
	data := filepath.Join(w.dir, "uftrace.data")
	args := append(append([]string{"record", "-d", data}, options...), exe)
	return func() (*subject, func(int) (int, error), error) {
		s, err := w.start("uftrace", args...)
		if err != nil {
			return nil, nil, err
		}
		return s, func(calls int) (int, error) {
			defer w.remove("uftrace.data*")
			if err := s.end(); err != nil {
				return 0, fmt.Errorf("uftrace record: %w", err)
			}
			out, err := w.do("uftrace", "report", "--no-pager", "-d", data, "-F", "work")
			if err != nil {
				return 0, err
			}
			kept, err := parseCalls(out, "work")
			return 2 * (calls - kept), err
		}, nil
	}
}

// parseCalls finds the number of calls of a function in what uftrace report prints:
//
//	Total time   Self time       Calls  Function
//	==========  ==========  ==========  ====================
//	  5.872 ms    5.868 ms      160000  work
func parseCalls(report, function string) (int, error) {
	for line := range strings.Lines(report) {
		words := strings.Fields(line)
		if n := len(words); n > 2 && words[n-1] == function {
			return strconv.Atoi(words[n-2])
		}
	}
	return 0, fmt.Errorf("uftrace report does not tell of %s: %s", function, report)
}
