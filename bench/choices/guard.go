package main

// How is a handler's panic kept from the program? The handlers are eight, called in order.

var eight = func() (hs [8]handler) {
	for i := range hs {
		hs[i] = func(x int) int { return x + 1 }
	}
	return hs
}()

//go:noinline
func fireUnguarded(x int) int {
	for _, h := range eight {
		x = h(x)
	}
	return x
}

//go:noinline
func fireGuardedEach(x int) int {
	for i := range eight {
		x = guarded(eight[i], x)
	}
	return x
}

func guarded(h handler, x int) (r int) {
	returned := false
	defer func() {
		if !returned {
			recover()
		}
	}()
	r = h(x)
	returned = true
	return r
}

// fireGuardedOnce goes on after the handler that panicked in the deferred
// function, so one does for all.
//
//go:noinline
func fireGuardedOnce(x int) int { return guardedFrom(0, x) }

func guardedFrom(i, x int) (r int) {
	defer func() {
		if i < len(eight) {
			recover()
			r = guardedFrom(i+1, r)
		}
	}()
	r = x
	for ; i < len(eight); i++ {
		r = eight[i](r)
	}
	return r
}

var questions = []*question{
	markQuestion,
	fireQuestion,
	{
		title:   "What it costs to contain panics, with eight handlers:",
		threads: []int{1},
		designs: []design{
			{"not at all", loop(fireUnguarded)},
			{"a deferred function for each handler", loop(fireGuardedEach)},
			{"**one deferred function for an event**", loop(fireGuardedOnce)},
		},
	},
}
