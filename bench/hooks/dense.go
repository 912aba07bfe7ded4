package main

// The lines of the dormant cases that cost less than a loop does, eight of them in each turn of the loop. Each is a
// function that the compiler inlines; what it does when somebody listens is a call, so that it is no more than a
// test here.

const inARow = 8

// fireIt stands for building and firing the event.
//
//go:noinline
func fireIt(i int) { onCommit(newCommit(i)) }

func lineBool(i int) {
	if dormantBool {
		fireIt(i)
	}
}

func lineAtomic(i int) {
	if dormantAtomic.Load() {
		fireIt(i)
	}
}

func linePointer(i int) {
	if fn := dormantPointer.Load(); fn != nil {
		fireIt(i)
	}
}

func lineHook(i int) {
	if dormantHook.Armed() {
		fireIt(i)
	}
}

func lineDecision(i int) {
	if dormantDecision.Armed() {
		fireIt(i)
	}
}

func linePoint() { dormantPoint.Hit() }

// dense is the cases with eight lines in a row. Counts that are no multiple of eight are rounded up.
func dense() []benchCase {
	return []benchCase{
		{name: "the loop alone", event: notBuilt, run: func(n int) { empty((n + inARow - 1) / inARow) }},
		{name: "plain bool", event: skipped, run: func(n int) {
			for i := range (n + inARow - 1) / inARow {
				lineBool(i)
				lineBool(i)
				lineBool(i)
				lineBool(i)
				lineBool(i)
				lineBool(i)
				lineBool(i)
				lineBool(i)
			}
		}},
		{name: "atomic.Bool", event: skipped, run: func(n int) {
			for i := range (n + inARow - 1) / inARow {
				lineAtomic(i)
				lineAtomic(i)
				lineAtomic(i)
				lineAtomic(i)
				lineAtomic(i)
				lineAtomic(i)
				lineAtomic(i)
				lineAtomic(i)
			}
		}},
		{name: pointer, event: skipped, run: func(n int) {
			for i := range (n + inARow - 1) / inARow {
				linePointer(i)
				linePointer(i)
				linePointer(i)
				linePointer(i)
				linePointer(i)
				linePointer(i)
				linePointer(i)
				linePointer(i)
			}
		}},
		{name: hook, event: skipped, run: func(n int) {
			for i := range (n + inARow - 1) / inARow {
				lineHook(i)
				lineHook(i)
				lineHook(i)
				lineHook(i)
				lineHook(i)
				lineHook(i)
				lineHook(i)
				lineHook(i)
			}
		}},
		{name: decision, event: skipped, run: func(n int) {
			for i := range (n + inARow - 1) / inARow {
				lineDecision(i)
				lineDecision(i)
				lineDecision(i)
				lineDecision(i)
				lineDecision(i)
				lineDecision(i)
				lineDecision(i)
				lineDecision(i)
			}
		}},
		{name: "gkhi.Point", event: notBuilt, run: func(n int) {
			for range (n + inARow - 1) / inARow {
				linePoint()
				linePoint()
				linePoint()
				linePoint()
				linePoint()
				linePoint()
				linePoint()
				linePoint()
			}
		}},
	}
}
