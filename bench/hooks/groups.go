package main

import "slices"

const (
	titleDormant = "Nobody listens"
	titleOne     = "One handler"
	titleEight   = "Eight handlers"
)

// setUp registers what listens and lists the groups in the order of the tables.
func setUp() ([]*group, error) {
	if err := register(); err != nil {
		return nil, err
	}
	return []*group{
		{
			title: titleDormant, threads: 1, pointer: pointer, cases: dormant(),
			note: "What the line costs on the days when nobody looks.",
		},
		{
			title: "Nobody listens, eight lines in a row", threads: 1, pointer: pointer, cases: dense(),
			note: "Time for one of the lines. A loop with a single line hides most of it behind the loop's own instructions.",
		},
		{
			title: titleOne, threads: 1, pointer: pointer, cases: one(),
			note: "The handler reads one field of the event and returns. A hook counts calls, survives a panic of the " +
				"handler and knows what is in flight; a chain and a pointer do none of this.",
		},
		{
			title: titleEight, threads: 1, pointer: pointer, cases: eight(),
			other: titleOne, otherName: "× one handler",
			note: "The pointer is one to a slice of functions here.",
		},
		{
			title: "Nobody listens, two goroutines at once", threads: 2, pointer: pointer,
			other: titleDormant, otherName: "× one goroutine",
			cases: pick(dormant(), "the loop alone", pointer, hook, decision, chain, rwmutex, syncMap, gookit, gofails, pingcaps),
			note: "Time for one run of the line in each of the goroutines, compared by the median: 1.0 × one goroutine " +
				"is perfect scaling. Where the loop alone is at 2, the machine had one processor to give, not two.",
		},
		{
			title: "One handler, two goroutines at once", threads: 2, pointer: pointer,
			other: titleOne, otherName: "× one goroutine",
			cases: pick(one(), "the event alone", gookitEvent, pointer, chain, hook, decision, rwmutex, syncMap, gookit),
			note:  "As above, with the handler.",
		},
		{
			title: "A failpoint that answers 3 each time", threads: 1, cases: answering(),
			note: "The term is return(3) for all three.",
		},
	}, nil
}

// pick returns the cases of these names, in the order of cases.
func pick(cases []benchCase, names ...string) []benchCase {
	return slices.DeleteFunc(cases, func(c benchCase) bool { return !slices.Contains(names, c.name) })
}
