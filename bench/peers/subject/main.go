// Command subject is a function called in a loop, for the command above it to measure. It is built by the go command, and by gkhi
// with points in work. It is told what to do line by line, as c/loop.h says; its argument says which function is called.
package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"runtime/trace"
	"strings"
	"time"

	"github.com/gkhi/gkhi"
)

// work gets points when gkhi builds the program: one at its entry, one at its return.
//
//go:noinline
func work(n int) int { return n + 1 }

//go:noinline
func nothing(n int) int { return n + 1 }

var point gkhi.Point

func init() { gkhi.DeclarePoint(&point, "peers.point", "in a function in a loop") }

//go:noinline
func hit(n int) int {
	point.Hit()
	return n + 1
}

var background = context.Background()

//go:noinline
func region(n int) int {
	defer trace.StartRegion(background, "work").End()
	return n + 1
}

//go:noinline
func logged(n int) int {
	trace.Log(background, "work", "called")
	return n + 1
}

var functions = map[string]func(int) int{"work": work, "nothing": nothing, "point": hit, "region": region, "log": logged}

func main() {
	call := functions[os.Args[1]]
	var counter *gkhi.Handler
	if os.Args[1] == "point" {
		var err error
		if counter, err = point.Count("peers"); err != nil {
			panic(err)
		}
	}
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		fmt.Println(answer(in.Text(), call, counter))
	}
}

// answer does what a line says.
func answer(line string, call func(int) int, counter *gkhi.Handler) string {
	var bursts, calls, pause, spin int
	if n, _ := fmt.Sscanf(line, "run %d %d %d %d", &bursts, &calls, &pause, &spin); n == 4 {
		return run(call, bursts, calls, time.Duration(pause)*time.Microsecond, spin)
	}
	switch {
	case line == "on" && counter != nil:
		return ok(counter.Arm())
	case line == "off" && counter != nil:
		return ok(counter.Disarm())
	case strings.HasPrefix(line, "on "): // runtime/trace, into that file
		f, err := os.Create(line[len("on "):])
		if err != nil {
			return err.Error()
		}
		traced = f
		return ok(trace.Start(f))
	case line == "off" && traced != nil:
		trace.Stop()
		return ok(traced.Close())
	}
	return "what?"
}

var traced *os.File

func ok(err error) string {
	if err != nil {
		return strings.ReplaceAll(err.Error(), "\n", " ")
	}
	return "ok"
}

func run(call func(int) int, bursts, calls int, pause time.Duration, spin int) string {
	var took []string
	for range bursts {
		if pause > 0 {
			time.Sleep(pause)
		}
		start := time.Now()
		if spin > 0 {
			sparse(call, calls, spin)
		} else {
			dense(call, calls)
		}
		took = append(took, fmt.Sprint(time.Since(start).Nanoseconds()))
	}
	return strings.Join(took, " ")
}

//go:noinline
func dense(call func(int) int, calls int) {
	for i := range calls {
		call(i)
	}
}

//go:noinline
func sparse(call func(int) int, calls, spin int) uint64 {
	x := uint64(1)
	for i := range calls {
		call(i)
		for range spin {
			x = x*6364136223846793005 + 1
		}
	}
	return x
}
