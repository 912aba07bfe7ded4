// Package main is what TestSiteShape compiles: functions with sites of the
// library's real types. The doc comment of each says what its machine code has to hold:
// "VAR guarded" for each guarded site of that variable, "VAR bare" for each bare one, and
// "leaf" if it has no frame and calls nothing.
package main

import (
	"os"

	"github.com/gkhi/gkhi"
)

type event struct{ pages, bytes int }

var (
	hook     gkhi.Hook[event]
	other    gkhi.Hook[string]
	decision gkhi.Decision[event, error]
	point    gkhi.Point
	grouped  struct {
		before [3]uint64
		inside gkhi.Hook[int]
	}
)

func main() {
	n := len(os.Args)
	println(body(n), loop(n), twice(n), nested(n), decide(n) == nil, inlinedTwice(n), instantiated(n),
		field(n), leaf(n), leafLoop(n), leafInlined(n), beside(n), shortCircuit(n))
}

// want: hook guarded
//
//go:noinline
func body(n int) int {
	if hook.Armed() {
		hook.Fire(event{n, 2})
	}
	return n + 1
}

// want: hook guarded
//
//go:noinline
func loop(n int) (sum int) {
	for i := range n {
		if hook.Armed() {
			hook.Fire(event{i, sum})
		}
		sum += i
	}
	return sum
}

// want: hook guarded, other guarded
//
//go:noinline
func twice(n int) int {
	if hook.Armed() {
		hook.Fire(event{n, 0})
	}
	if other.Armed() {
		other.Fire("twice")
	}
	return n
}

// want: hook guarded, other guarded
//
//go:noinline
func nested(n int) int {
	if hook.Armed() {
		if other.Armed() {
			other.Fire("nested")
		}
		hook.Fire(event{n, 1})
	}
	return n
}

// want: decision guarded
//
//go:noinline
func decide(n int) error {
	if decision.Armed() {
		if err, ok := decision.Fire(event{n, 0}); ok {
			return err
		}
	}
	return nil
}

// fire is small enough to be inlined: each place becomes a site of its own.
func fire(n int) {
	if hook.Armed() {
		hook.Fire(event{n, 0})
	}
}

// want: hook guarded, hook guarded
//
//go:noinline
func inlinedTwice(n int) int {
	fire(n)
	fire(n + 1)
	return n
}

// want: hook guarded
//
//go:noinline
func generic[T any](v T, n int) (T, int) {
	if hook.Armed() {
		hook.Fire(event{n, 3})
	}
	return v, n + 1
}

func instantiated(n int) int {
	_, a := generic("x", n)
	_, b := generic(n, n)
	return a + b
}

// want: grouped guarded
//
//go:noinline
func field(n int) int {
	if grouped.inside.Armed() {
		grouped.inside.Fire(n)
	}
	return n
}

// want: point bare, leaf
//
//go:noinline
func leaf(n int) int {
	point.Hit()
	return n + 1
}

// want: point bare, leaf
//
//go:noinline
func leafLoop(n int) (sum int) {
	for i := range n {
		point.Hit()
		sum += i * i
	}
	return sum
}

// hit stays inlinable with a point in it, as does what calls it.
func hit(n int) int {
	point.Hit()
	return n * 3
}

func hitTwice(n int) int { return hit(n) + hit(n+1) }

// want: point bare, point bare, leaf
//
//go:noinline
func leafInlined(n int) int { return hitTwice(n) }

// want: point bare, hook guarded
//
//go:noinline
func beside(n int) int {
	point.Hit()
	if hook.Armed() {
		hook.Fire(event{n, n})
	}
	return n
}

// want: hook guarded
//
//go:noinline
func shortCircuit(n int) int {
	if n > 3 && hook.Armed() {
		hook.Fire(event{n, n})
	}
	return n
}
