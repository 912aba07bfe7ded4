package main

import (
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"github.com/gkhi/gkhi"
)

// lateHooks are declared after all others were found, and so have a scan each.
var lateHooks [20]gkhi.Hook[uint64]

const (
	titleScan    = "Finding sites"
	caseScanCold = "ms/MiB, 100 hooks, in a fresh process"
	caseScanOne  = "ms/MiB, one more hook"
	caseScanAll  = "ms/MiB, all sites of this program"
	casePrepared = "ms, making them no-ops for the first time"
	coldHooks    = 100
)

// prepare finds all sites and makes them no-ops, once: a second time has nothing to do.
func (p plan) prepare() (*scene, error) {
	cold, err := p.coldScans()
	if err != nil {
		return nil, err
	}
	declareDormant(len(guardedSites))
	declareBatch()
	start := time.Now()
	if err := gkhi.Prepare(); err != nil {
		return nil, err
	}
	took := time.Since(start)
	all := gkhi.Status()
	if want := 2*len(guardedSites) + len(batchGuarded) + len(batchPoint); all.Patched < want || all.Flagged > 0 {
		return nil, fmt.Errorf("%v, and there should be %d or more and none left as compiled", all, want)
	}
	var one []float64
	before := all.ScanTime
	for i := range lateHooks {
		gkhi.Declare(&lateHooks[i], fmt.Sprint("late.", i), "declared after the others were found")
		if err := gkhi.Prepare(); err != nil {
			return nil, err
		}
		now := gkhi.Status()
		one = append(one, msPerMiB(now.ScanTime-before, now.Text))
		before = now.ScanTime
	}
	once := func(name string, x float64) result { return result{Case: name, Min: x, Median: x} }
	return &scene{
		Title: titleScan,
		Note: fmt.Sprintf("Over %.1f MiB of machine code with %d sites in it, as many as hardly a program has. The last two rows "+
			"were measured once. A fresh process has the code in memory, but not mapped yet.",
			float64(all.Text)/(1<<20), all.Patched),
		Cases: []result{
			summary(caseScanCold, cold),
			summary(caseScanOne, one),
			once(caseScanAll, msPerMiB(all.ScanTime, all.Text)),
			once(casePrepared, (took-all.ScanTime).Seconds()*1e3),
		},
	}, nil
}

func msPerMiB(d time.Duration, text int) float64 {
	return d.Seconds() * 1e3 / float64(text) * (1 << 20)
}

// coldScans has this program look for a few hooks' sites in processes of their own.
func (p plan) coldScans() (samples []float64, err error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	for range p.batches {
		cmd := exec.Command(self, "-cold")
		cmd.Stderr = os.Stderr
		out, err := cmd.Output()
		if err != nil {
			return nil, fmt.Errorf("a fresh process: %w", err)
		}
		x, err := strconv.ParseFloat(strings.TrimSpace(string(out)), 64)
		if err != nil {
			return nil, err
		}
		samples = append(samples, x)
	}
	return samples, nil
}

// coldScan is what -cold does.
func coldScan() (ms float64, err error) {
	declareDormant(min(coldHooks, len(guardedSites)))
	if err := gkhi.Prepare(); err != nil {
		return 0, err
	}
	s := gkhi.Status()
	return msPerMiB(s.ScanTime, s.Text), nil
}
