package main

import (
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"time"

	"github.com/gkhi/gkhi"
	"github.com/gkhi/gkhi/bench/internal/measure"
	"github.com/gkhi/gkhi/internal/patch"
)

// A kind is a way to write a site, in each of the surroundings. See generated.go.
type kind struct {
	name                 string
	dense, leaf, inlined func(n int)
	random               []func(uint64) uint64
}

// sink keeps results alive.
//
//lint:ignore U1000 being written is its use
var sink uint64

// fireIt stands for building and firing the event.
//
//go:noinline
func fireIt(x uint64) { sink += x }

// What the kinds are called in tables. Hooks and points that are never declared aren't looked for in the text, so they
// stay as compiled: that is the flag form, measured in the same rounds as the patched one.
var kindNames = map[string]string{
	noSite:    "no site",
	jump:      "nothing but a jump",
	plainBool: "plain bool",
	"atomic":  "atomic.Bool",
	"flag":    "guarded, flag form",
	guarded:   "guarded, patched",
	restless:  "guarded, toggled too often",
	"load":    "point, not patched",
	point:     "point, patched",
}

const (
	noSite    = "none"
	jump      = "jump" // the least that could stand there: see bareJumps
	plainBool = "bool"
	guarded   = "guarded"
	restless  = "restless"
	point     = "point"
)

// declareDormant gives names to the first n of those that patching is to find.
func declareDormant(n int) {
	for i := range n {
		gkhi.Declare(&guardedSites[i], fmt.Sprint("dormant.hook.", i), "never armed")
		gkhi.DeclarePoint(&pointSites[i], fmt.Sprint("dormant.point.", i), "never armed")
	}
}

// dormant measures all kinds of site while nobody listens, in each of the given programs, which are this one in other layouts: where
// code happens to lie can make more of a difference than what it is. Without any it is this one alone. Each is a fresh process.
func (p plan) dormant(layouts []string) ([]*scene, error) {
	if len(layouts) == 0 {
		self, err := os.Executable()
		if err != nil {
			return nil, err
		}
		layouts = []string{self}
	}
	list := scenes()
	for _, exe := range layouts {
		cmd := exec.Command(exe, "-dormant", "-count", strconv.Itoa(p.inEach()), "-time", p.slice.String())
		cmd.Stderr = os.Stderr
		out, err := cmd.Output()
		if err != nil {
			return nil, fmt.Errorf("dormant sites in %s: %w", exe, err)
		}
		var got [][]result
		if err := json.Unmarshal(out, &got); err != nil {
			return nil, fmt.Errorf("dormant sites in %s: %w", exe, err)
		}
		for i, s := range list {
			for j := range s.Cases {
				c := &s.Cases[j]
				c.layouts = append(c.layouts, got[i][j].Min)
				c.Median += got[i][j].Median / float64(len(layouts))
			}
		}
	}
	for _, s := range list {
		for j := range s.Cases {
			s.Cases[j].Min, _ = measure.Mean(s.Cases[j].layouts)
		}
	}
	return list, nil
}

// oneLayout is what -dormant does: dormant measures of this very program, one list of results for each of the scenes.
func (p plan) oneLayout(w io.Writer) error {
	declareDormant(len(guardedSites))
	if err := gkhi.Prepare(); err != nil {
		return fmt.Errorf("sites can't be patched here: %w", err)
	}
	if got, want := gkhi.Status(), 2*len(guardedSites); got.Patched < want || got.Flagged > 0 {
		return fmt.Errorf("%v, and there should be %d or more and none left as compiled", got, want)
	}
	if err := makeRestless(); err != nil {
		return err
	}
	if err := bareJumps(); err != nil {
		return fmt.Errorf("sites of nothing but a jump: %w", err)
	}
	list := scenes()
	p.measure(list)
	var all [][]result
	for _, s := range list {
		all = append(all, s.Cases)
	}
	return json.NewEncoder(w).Encode(all)
}

// restlessHooks are those of restless sites but for the many.
const restlessHooks = 3 * inARow

// makeRestless has hooks toggled too often, so that their sites are back at their flags until they are quiet again,
// which never is.
func makeRestless() error {
	var hs []*gkhi.Handler
	for i := range restlessHooks {
		gkhi.Declare(&restlessSites[i], fmt.Sprint("restless.hook.", i), "toggled too often")
		h, err := restlessSites[i].Register("none", func(uint64) gkhi.Verdict { return gkhi.Continue })
		if err != nil {
			return err
		}
		hs = append(hs, h)
	}
	if err := gkhi.Prepare(); err != nil {
		return err
	}
	patch.Default.SetLimit(patch.Limit{Burst: 1, Every: time.Hour, Quiet: time.Hour})
	if err := gkhi.Arm(hs...); err != nil {
		return err
	}
	if err := gkhi.Disarm(hs...); err != nil {
		return err
	}
	if n := gkhi.Status().Restless; n < restlessHooks {
		return fmt.Errorf("%d sites of %d are restless", n, restlessHooks)
	}
	return nil
}

// A scene is a table: every kind of site in the same surroundings.
type scene struct {
	Title, Note string
	Cases       []result
	runs        []func(n int)
}

// visits is the order in which the functions of the last scene are called.
var visits = func() []uint16 {
	order := make([]uint16, 1<<16)
	for i := range order {
		order[i] = uint16(rand.IntN(randomSites))
	}
	return order
}()

func visit(table []func(uint64) uint64) func(n int) {
	return func(n int) {
		sum := uint64(0)
		for i := range n {
			sum += table[visits[uint16(i)]](uint64(i))
		}
		sink = sum
	}
}

const (
	titleLeaf    = "Inside a leaf function"
	titleInlined = "Inlined"
)

func scenes() []*scene {
	list := []*scene{
		{Title: "A dense loop", Note: fmt.Sprintf("%d sites in a row and nothing else in a loop. Time for a site.", inARow)},
		{Title: titleLeaf, Note: "Functions of a few instructions, a multiplication among them, that are not inlined. Time for a call. " +
			"With a guarded site the function isn't a leaf any more, whatever the guard is: what it guards is a call."},
		{Title: titleInlined, Note: "The same functions, inlined."},
		{Title: "Many sites at random", Note: fmt.Sprintf(
			"%d functions with a site and a variable each, called in random order: branch predictor and caches are under pressure. Time for a call.", randomSites)},
	}
	for _, k := range kinds {
		for i, run := range []func(int){k.dense, k.leaf, k.inlined, visit(k.random)} {
			switch {
			case k.name == restless && i == 3:
				continue // many hooks with handlers would be much memory, and no other answer
			case k.name == jump && !haveBareJumps:
				continue
			}
			list[i].runs = append(list[i].runs, run)
			list[i].Cases = append(list[i].Cases, result{Case: kindNames[k.name], kind: k.name})
		}
	}
	return list
}
