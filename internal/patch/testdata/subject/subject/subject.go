// Package subject has two hooks and a point, and does with them what it is told.
package subject

import (
	"crypto/fips140"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"github.com/gkhi/gkhi"
	"github.com/gkhi/gkhi/internal/patch"
	"github.com/gkhi/gkhi/internal/patch/testdata/seccomp"
)

var (
	Hook  gkhi.Hook[int]
	Point gkhi.Point

	calls atomic.Uint64

	handler, counter *gkhi.Handler

	// Extra is what "plugin" runs.
	Extra func()
)

func init() {
	gkhi.Declare(&Hook, "subject.hook", "fired by run")
	gkhi.DeclarePoint(&Point, "subject.point", "hit by run")
	var err error
	handler, err = Hook.Register("h", func(int) gkhi.Verdict { calls.Add(1); return gkhi.Continue })
	if err != nil {
		panic(err)
	}
	counter, err = Point.Count("c")
	if err != nil {
		panic(err)
	}
}

// Guarded is a site whose body falls through.
//
//go:noinline
func Guarded(n int) int {
	if Hook.Armed() {
		Hook.Fire(n)
	}
	return n + 1
}

// Loop has its body out of line.
//
//go:noinline
func Loop(n int) (sum int) {
	for i := range n {
		if Hook.Armed() {
			Hook.Fire(i)
		}
		sum += i
	}
	return sum
}

// Away has its body behind the way that it takes when dormant: its branch is a JNE.
//
//go:noinline
func Away(n int) (int, string) {
	var (
		x int
		s string
	)
	if Hook.Armed() {
		x, s = fire(n)
	}
	return x + n, s
}

// FarAway is the same, and that way is long: so is the branch.
//
//go:noinline
func FarAway(n int) int {
	n ^= 0x1234567 // so that the branch is where the assembler puts no no-op before it
	if Hook.Armed() {
		n, _ = fire(n)
	} else {
		n = lots(lots(lots(lots(lots(lots(n))))))
	}
	sink = n
	return n
}

// Over has a long branch over its body.
//
//go:noinline
func Over(n int) int {
	n ^= 0x1234567 // as above
	if Hook.Armed() {
		Hook.Fire(n)
		sink = lots(lots(lots(lots(lots(lots(n))))))
	}
	return n + 1
}

//go:noinline
func fire(n int) (int, string) {
	Hook.Fire(n)
	return 0, ""
}

var sink int

// lots is a lot of code, inlined.
func lots(v int) int {
	v = v*3 ^ v>>7 + v<<5
	v = v*5 ^ v>>9 + v<<3
	return v*7 ^ v>>11 + v<<2
}

// Bare is a leaf with a point.
//
//go:noinline
func Bare(n int) int {
	Point.Hit()
	return 3 * n
}

// An Answer is what Do prints. Calls and Hits are of the run of this word.
type Answer struct {
	Word   string
	Error  string
	Mode   string // of Status
	Reason string
	Status string
	Calls  uint64
	Hits   uint64
	Sites  []gkhi.Site
	Stuck  int
	Pid    int
}

// Do does what word says:
//
//	arm, disarm           the handler of the hook
//	armpoint, disarmpoint the counter of the point
//	run                   100 events: 10 calls of Guarded, Away, FarAway and Over each, 60 in Loop; 100 hits
//	prepare, status       gkhi.Prepare; nothing but the answer
//	spin                  run for 100 ms
//	limit, nolimit        the second toggle from now on is one too many; none is
//	refuse=CALL           has the kernel refuse a system call from now on
//	plugin                Extra
//	fips                  says whether FIPS mode is on, as an error
func Do(word string, w io.Writer) {
	a := Answer{Word: word, Pid: os.Getpid()}
	before, hits := calls.Load(), counter.Calls()
	var err error
	switch name, arg, _ := strings.Cut(word, "="); name {
	case "arm":
		err = handler.Arm()
	case "disarm":
		err = handler.Disarm()
	case "armpoint":
		err = counter.Arm()
	case "disarmpoint":
		err = counter.Disarm()
	case "run":
		run()
	case "spin":
		for end := time.Now().Add(100 * time.Millisecond); time.Now().Before(end); {
			run()
		}
	case "prepare":
		err = gkhi.Prepare()
	case "limit":
		patch.Default.SetLimit(patch.Limit{Burst: 1, Every: time.Hour, Quiet: time.Hour})
	case "nolimit":
		patch.Default.SetLimit(patch.Limit{})
	case "refuse":
		err = seccomp.Refuse(arg)
	case "plugin":
		Extra()
	case "fips":
		if !fips140.Enabled() {
			err = errors.New("FIPS mode is off")
		}
	case "status":
	default:
		err = fmt.Errorf("what is %q?", word)
	}
	if err != nil {
		a.Error = err.Error()
	}
	st := gkhi.Status()
	a.Mode, a.Reason, a.Status, a.Stuck = st.Mode, st.Reason, st.String(), st.Stuck
	a.Calls, a.Hits = calls.Load()-before, counter.Calls()-hits
	for _, name := range []string{"subject.hook", "subject.point"} {
		sites, err := gkhi.Sites(name)
		if err != nil {
			panic(err)
		}
		a.Sites = append(a.Sites, sites...)
	}
	if err := json.NewEncoder(w).Encode(a); err != nil {
		panic(err)
	}
}

func run() {
	for i := range 10 {
		away, _ := Away(i)
		FarAway(i)
		if Guarded(i) != i+1 || away != i || Over(i) == i+1 {
			panic("wrong result")
		}
	}
	if Loop(60) != 60*59/2 {
		panic("wrong result")
	}
	for i := range 100 {
		if Bare(i) != 3*i {
			panic("wrong result")
		}
	}
}
