package main

import (
	"fmt"
	"time"

	"github.com/gkhi/gkhi"
)

// lateHook is declared after all others were found, and so has a scan of its own.
var lateHook gkhi.Hook[uint64]

//go:noinline
func throughLate(x uint64) uint64 {
	if lateHook.Armed() {
		fireIt(x)
	}
	return x
}

const (
	titleScan    = "Finding sites"
	caseScanAll  = "ms/MiB, all hooks"
	caseScanOne  = "ms/MiB, one more hook"
	casePrepared = "ms, making them no-ops"
)

// prepare finds all sites and makes them no-ops, once: a second time has nothing to do.
func prepare() (*scene, error) {
	declareDormant()
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
	gkhi.Declare(&lateHook, "late", "declared after the others were found")
	throughLate(1)
	if err := gkhi.Prepare(); err != nil {
		return nil, err
	}
	one := gkhi.Status()
	mib := float64(all.Text) / (1 << 20)
	ms := func(d time.Duration) float64 { return d.Seconds() * 1e3 }
	figure := func(name string, x float64) result { return result{Case: name, Min: x, Median: x} }
	return &scene{
		Title: titleScan,
		Note: fmt.Sprintf("Once, over %.1f MiB of machine code with %d sites in it: as many as hardly a program has.",
			mib, all.Patched),
		Cases: []result{
			figure(caseScanAll, ms(all.ScanTime)/mib),
			figure(caseScanOne, ms(one.ScanTime-all.ScanTime)/mib),
			figure(casePrepared, ms(took-all.ScanTime)),
		},
	}, nil
}
