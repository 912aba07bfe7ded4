// Torture toggles hundreds of sites at full speed while goroutines run through
// them, the garbage collector, the profiler, signals and everything else that
// moves threads about being busy too. Each worker counts what it must: the events
// of its own calls between its own Arm and Disarm, exactly.
//
// It prints a report as JSON, and exits with 1 if a count was wrong.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gkhi/gkhi"
	"github.com/gkhi/gkhi/internal/patch"
	"github.com/gkhi/gkhi/internal/patch/testdata/seccomp"
)

type hookSites struct {
	hook  *gkhi.Hook[int]
	calls []func(id, n int) int
}

type pointSites struct {
	point *gkhi.Point
	calls []func(id, n int) int
}

// junk keeps the compiler from dropping code. Its values mean nothing.
var junk [64]int

//go:noinline
func mix(a, b, c, d, e, f, g, h int, x, y float64) int {
	return a + 3*b + 5*c + 7*d + 11*e + 13*f + 17*g + 19*h + int(x*64) + int(y*128)
}

//go:noinline
func verdict(v gkhi.Verdict) (int, string) {
	if v != gkhi.Continue {
		corrupt("verdict")
	}
	return 1, "fired"
}

// fill is a lot of code, inlined.
func fill(v int) int {
	v = v*3 + junk[v&63]
	v = v ^ v>>7 + junk[(v+11)&63]
	return v*5 - v>>3
}

// report is what the program prints.
type report struct {
	Status  string
	Toggles uint64 // sites changed
	Returns uint64 // of hooks from their flags
	Batches uint64
	Rounds  uint64 // of arming, calling, disarming
	Calls   uint64 // that were counted and compared
	Sites   int
	Noted   uint64 // events that recorders got
	Dropped uint64
	Wrong   []string
}

var (
	rounds, counted, noted, lost atomic.Uint64

	wrongMu sync.Mutex
	wrong   []string
)

func wrongf(format string, args ...any) {
	wrongMu.Lock()
	defer wrongMu.Unlock()
	if len(wrong) < 20 {
		wrong = append(wrong, fmt.Sprintf(format, args...))
	}
}

func corrupt(where string) { wrongf("%s: values that were live across the site changed", where) }

func init() {
	for i, h := range hooks {
		gkhi.Declare(h.hook, fmt.Sprintf("torture.hook%d", i), "a site of each shape")
	}
	for i, p := range points {
		gkhi.DeclarePoint(p.point, fmt.Sprintf("torture.point%d", i), "a site of each shape")
	}
}

func main() {
	d := flag.Duration("d", 2*time.Second, "how long, at least")
	toggles := flag.Uint64("toggles", 0, "how many sites to change, at least")
	workers := flag.Int("workers", 10, "how many goroutines")
	seed := flag.Uint64("seed", uint64(time.Now().UnixNano()), "of the random choices")
	needPatched := flag.Bool("patched", true, "it is wrong if sites are not patched")
	quiet := flag.Duration("quiet", 0, "let hooks that are toggled too often go back to their flags until they were quiet for so long; 0: never")
	refuse := flag.String("refuse", "", "a system call for the kernel to refuse")
	flag.Parse()

	if *refuse != "" {
		must(seccomp.Refuse(*refuse))
	}

	// Most toggles are to be too many, and most pauses long enough, so that sites go back and forth.
	patch.Default.SetLimit(patch.Limit{Burst: 3, Every: 2 * *quiet, Quiet: *quiet})
	if *quiet == 0 {
		patch.Default.SetLimit(patch.Limit{})
	}

	end := time.Now().Add(*d)
	more := func() bool { return time.Now().Before(end) || patch.Default.Status().Toggles < *toggles }
	stop := make(chan struct{})
	var chaos, wg sync.WaitGroup
	startChaos(&chaos, stop)
	checkSteady := startSteady(&chaos, stop)
	for id := range *workers {
		w := newWorker(id, *workers, *seed)
		wg.Go(func() { w.run(more) })
	}
	wg.Wait()
	close(stop)
	chaos.Wait()
	checkSteady()

	for deadline := time.Now().Add(time.Minute); *needPatched && patch.Default.Status().Restless > 0 && time.Now().Before(deadline); {
		time.Sleep(time.Millisecond) // until all is quiet
	}
	st := patch.Default.Status()
	if *needPatched && (st.Reason != "" || st.Patched != st.Sites || st.Stuck != 0 || st.Flagged != 0) {
		wrongf("sites are not all patched: %+v", st)
	}
	r := report{
		Status: gkhi.Status().String(), Toggles: st.Toggles, Returns: st.Returns, Batches: st.Batches, Rounds: rounds.Load(),
		Calls: counted.Load(), Sites: st.Sites, Noted: noted.Load(), Dropped: lost.Load(), Wrong: wrong,
	}
	out := json.NewEncoder(os.Stdout)
	out.SetIndent("", "\t")
	if err := out.Encode(r); err != nil {
		panic(err)
	}
	if len(wrong) > 0 {
		os.Exit(1)
	}
}

// must stops at once: the state is of interest, and nothing after it.
func must(err error) {
	if err != nil {
		panic(err)
	}
}

func pick[T any](r *rand.Rand, s []T) T { return s[r.IntN(len(s))] }
