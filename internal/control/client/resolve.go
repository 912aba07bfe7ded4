package client

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/gkhi/gkhi/internal/near"
)

// target is a parsed target: a pid or a name, and perhaps a copy.
type target struct {
	text string
	pid  int    // 0: by name
	name string // when pid is 0
	copy int    // -1: not said
}

// parseTarget reads a target's text as the package comment describes it. It looks at the file system where only that can
// tell a name from a path.
func parseTarget(text string) (target, error) {
	t := target{text: text, copy: -1}
	fail := func(err error, why, hint string) (target, error) {
		return target{}, &TargetError{Target: text, Err: err, Why: why, Hint: hint}
	}
	if text == "" {
		return fail(ErrBadTarget, "it is empty", "give a pid or a process name")
	}
	if text == "kernel" {
		return fail(ErrIsKernel, "", "")
	}
	base := text
	if i := strings.LastIndexByte(text, '/'); i >= 0 {
		n, err := strconv.Atoi(text[i+1:])
		head := text[:i]
		_, pidErr := strconv.Atoi(head)
		isCopy := err == nil && n >= 0 && head != "" && !strings.ContainsRune(head, '/') &&
			(pidErr == nil || !exists(text))
		switch {
		case isCopy:
			base, t.copy = head, n
		case exists(text):
			return fail(ErrIsFile, "", "")
		default:
			return fail(ErrBadTarget, "no such file; a process has no slash in its name", "")
		}
	}
	if pid, err := strconv.Atoi(base); err == nil {
		if pid <= 0 {
			return fail(ErrBadTarget, "a pid is above 0", "")
		}
		t.pid = pid
		return t, nil
	}
	t.name = base
	return t, nil
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

func resolve(ctx context.Context, text string) (Process, error) {
	t, err := parseTarget(text)
	if err != nil {
		return Process{}, err
	}
	if t.pid == 0 {
		return t.byName(ctx)
	}
	found, err := ofPID(ctx, t.pid)
	if err != nil {
		return Process{}, t.wrap(err)
	}
	if len(found) == 0 {
		return Process{}, t.wrap(whyNot(t.pid))
	}
	return t.pick(found)
}

// wrap puts the target's own text in front of an error about its pid.
func (t target) wrap(err error) error {
	if te, ok := err.(*TargetError); ok {
		c := *te
		c.Target = t.text
		return &c
	}
	return &TargetError{Target: t.text, Err: err}
}

// pick chooses the copy that was asked for.
func (t target) pick(found []Process) (Process, error) {
	setCopies(found)
	if t.copy >= 0 {
		i := slices.IndexFunc(found, func(p Process) bool { return p.Copy == t.copy })
		if i < 0 {
			return Process{}, &TargetError{Target: t.text, Err: ErrNotHooked, Why: fmt.Sprintf("it has no copy %d of gkhi", t.copy), Candidates: found}
		}
		return found[i], nil
	}
	if len(found) > 1 {
		return Process{}, &TargetError{Target: t.text, Err: ErrAmbiguous, Candidates: found, Hint: "choose one"}
	}
	return found[0], nil
}

func (t target) byName(ctx context.Context) (Process, error) {
	all, err := find(ctx)
	if err != nil {
		return Process{}, t.wrap(err)
	}
	var found []Process
	var names []string
	for _, p := range all {
		names = append(names, p.Name)
		if p.named(t.name) && (t.copy < 0 || p.Copy == t.copy) {
			found = append(found, p)
		}
	}
	if len(found) > 0 {
		return t.pick(found)
	}
	if pids := pidsNamed(t.name); len(pids) > 0 {
		err := t.wrap(whyNot(pids[0])).(*TargetError)
		err.Why = fmt.Sprintf("process %d: %s", pids[0], err.Why)
		if n := len(pids) - 1; n > 0 {
			err.Why = fmt.Sprintf("none of %d processes of that name serves; %s", n+1, err.Why)
		}
		return Process{}, err
	}
	e := &TargetError{Target: t.text, Err: ErrNoProcess, Why: "no process has that name"}
	if close := near.Names(t.name, names, 3); len(close) > 0 {
		e.Hint = "near: " + strings.Join(close, ", ")
	} else if exists(t.name) {
		e.Hint = "for the file of that name, write ./" + filepath.Clean(t.name)
	}
	return Process{}, e
}

// named reports whether the process goes by name: the kernel's, or its executable's.
func (p Process) named(name string) bool {
	return p.Name == name || p.Exe != "" && filepath.Base(p.Exe) == name
}

// setCopies tells each process how many copies of the library it was found to have.
func setCopies(ps []Process) {
	n := map[int]int{}
	for _, p := range ps {
		n[p.PID]++
	}
	for i := range ps {
		ps[i].copies = n[ps[i].PID]
	}
}

// askAll connects to each and keeps what it says. Several are asked at once, so that a few that hang cost no more than one.
func askAll(ctx context.Context, ps []Process) {
	var wg sync.WaitGroup
	room := make(chan struct{}, 8)
	for i := range ps {
		if ps[i].Hello != nil || ps[i].Err != nil {
			continue // asked already
		}
		wg.Go(func() {
			room <- struct{}{}
			defer func() { <-room }()
			c, err := ps[i].Dial(ctx)
			if err != nil {
				ps[i].Err = err
				return
			}
			ps[i] = c.Process()
			c.Close()
		})
	}
	wg.Wait()
}

func sortProcesses(ps []Process) {
	slices.SortFunc(ps, func(a, b Process) int {
		if a.PID != b.PID {
			return a.PID - b.PID
		}
		return a.Copy - b.Copy
	})
}
