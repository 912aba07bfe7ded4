package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"
)

// testTime bounds one run of a module's tests.
const testTime = 10 * time.Minute

// tests runs the modules' tests with points: dormant, and with all of them armed and disarmed without end.
func (w *workshop) tests(list []subject, quick bool, stdout io.Writer) error {
	failed := 0
	for _, s := range list {
		p, err := w.build(s)
		if err != nil {
			return fmt.Errorf("%s: %w", s.module, err)
		}
		for _, armed := range []bool{false, true} {
			start := time.Now()
			toggles, out, err := w.test(p, quick, armed)
			verdict := "ok"
			if err != nil {
				failed++
				verdict = "FAILED: " + err.Error()
				fmt.Fprintf(w.stderr, "%s\n", out)
			}
			how := "dormant"
			if armed {
				how = fmt.Sprintf("armed and disarmed %d times", toggles)
			}
			fmt.Fprintf(stdout, "%s %s, %s: %s, %v: %s\n", s.module, short(s.version), s.pkg, how, time.Since(start).Round(time.Second), verdict)
		}
	}
	if failed > 0 {
		return fmt.Errorf("%d test runs failed", failed)
	}
	return nil
}

// test runs a module's tests once. With armed, gkhi stat arms all functions of the process for a fraction of a second, again and again.
func (w *workshop) test(p *pair, quick, armed bool) (toggles int, out []byte, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), testTime)
	defer cancel()
	args := []string{"-test.short", "-test.timeout=9m"}
	if quick {
		args = append(args, "-test.run=^TestBucket_(Get|Put)")
	}
	if p.skip != "" {
		args = append(args, "-test.skip="+p.skip)
	}
	cmd := exec.CommandContext(ctx, p.exe[hooked], args...)
	cmd.Dir = p.dir
	sockets := filepath.Join(w.dir, "sockets")
	cmd.Env = append(os.Environ(), "GKHI_SOCKET_DIR="+sockets)
	var buf bytes.Buffer
	cmd.Stdout, cmd.Stderr = &buf, &buf
	if err := cmd.Start(); err != nil {
		return 0, nil, err
	}
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	for {
		select {
		case err := <-done:
			return toggles, buf.Bytes(), err
		case <-time.After(20 * time.Millisecond):
		}
		if armed {
			stat := exec.CommandContext(ctx, w.gkhi, "stat", "-d", "50ms", "--json", strconv.Itoa(cmd.Process.Pid), "*")
			stat.Env = append(os.Environ(), "GKHI_SOCKET_DIR="+sockets)
			if stat.Run() == nil {
				toggles++
			}
		}
	}
}
