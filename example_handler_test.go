package gkhi_test

import (
	"context"
	"fmt"

	"github.com/gkhi/gkhi"
)

var parsed gkhi.Hook[int]

func init() { gkhi.Declare(&parsed, "example.parse", "so many bytes were parsed") }

// A handler that panics is disarmed and reported, and the program goes on.
func ExampleHandler() {
	old := gkhi.OnPanic(func(r *gkhi.PanicReport) {
		fmt.Printf("%s/%s: %v\n", r.Hook, r.Handler, r.Value)
	})
	defer func() { gkhi.OnPanic(old) }()

	h, err := parsed.Register("checker", func(n int) gkhi.Verdict {
		if n > 1 {
			panic("too long")
		}
		return gkhi.Continue
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer h.Deregister(context.Background())
	h.Arm()
	for n := range 5 {
		if parsed.Armed() {
			parsed.Fire(n)
		}
	}
	fmt.Println(h.FullName(), "armed:", h.Armed(), "calls:", h.Calls(), "panics:", h.Panics())
	// Output:
	// example.parse/checker: too long
	// example.parse/checker armed: false calls: 3 panics: 1
}
