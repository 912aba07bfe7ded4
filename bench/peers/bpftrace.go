package main

import (
	"errors"
	"os"
	"time"
)

// bpftrace is a uprobe at the entry of a function, whose cost is that of the instruction there: the kernel turns a
// no-op of 5 bytes into a call, acts for PUSH after a trap, and needs two traps for most others, such as those that Go's functions begin with.
func (w *workshop) bpftrace() ([]*peer, error) {
	if os.Getuid() != 0 {
		return nil, errors.New("only root may load its programs")
	}
	plain, err := w.compile("uprobe-plain", "gcc", "function.c")
	if err != nil {
		return nil, err
	}
	var peers []*peer
	for _, k := range []struct {
		name, file, first, last string
		fewer                   int
	}{
		{"bpftrace, uprobe on a 5-byte no-op", "uprobe-nop5", ".byte 0x0f, 0x1f, 0x44, 0, 0", "", 1},
		{"bpftrace, uprobe on PUSH", "uprobe-push", "push %rbp", "pop %rbp", 1},
		{"bpftrace, uprobe on another instruction", "uprobe-other", "lea 1(%rdi), %rax", "", 100},
	} {
		hooked, err := w.compile(k.file, "gcc", "function.c", "-DFIRST=\""+k.first+"\"", "-DLAST=\""+k.last+"\"")
		if err != nil {
			return nil, err
		}
		p, err := w.pair(k.name, plain, hooked)
		if err != nil {
			return nil, err
		}
		m := &mode{name: k.name, notes: "counts, in a map", events: 1, fewer: k.fewer, arm: w.bpftraceOn(p, hooked)}
		if _, end, err := m.arm(); err != nil { // whether the kernel lets it
			return nil, err
		} else if _, err := end(0); err != nil {
			return nil, err
		}
		p.modes = []*mode{m}
		peers = append(peers, p)
	}
	return peers, nil
}

// bpftraceOn has bpftrace attach, and waits until calls of the function take longer.
func (w *workshop) bpftraceOn(p *peer, exe string) func() (*subject, func(int) (int, error), error) {
	return func() (*subject, func(int) (int, error), error) {
		cmd := w.command("bpftrace", "-q", "-e", "uprobe:"+exe+":work { @ = count(); }")
		if err := cmd.Start(); err != nil {
			return nil, nil, err
		}
		ended := make(chan error, 1)
		go func() { ended <- cmd.Wait() }()
		end := func(int) (int, error) {
			for range 30 {
				cmd.Process.Signal(os.Interrupt) // again: one that comes while it does something else does nothing
				select {
				case err := <-ended:
					return 0, err
				case <-time.After(time.Second):
				}
			}
			cmd.Process.Kill()
			<-ended
			return 0, errors.New("bpftrace does not end")
		}
		for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); {
			took, err := p.hooked.run(load{bursts: 5, calls: 100})
			if err != nil {
				end(0)
				return nil, nil, err
			}
			if least(took) > 50 { // no plain call takes a tenth of that
				return nil, end, nil
			}
			time.Sleep(20 * time.Millisecond)
		}
		end(0)
		return nil, nil, errors.New("bpftrace ran, and no call went through it")
	}
}
