package gkhi_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/gkhi/gkhi"
)

var loggedIn gkhi.Hook[string]

func init() { gkhi.Declare(&loggedIn, "example.login", "a user logged in; the event is the name") }

// Handlers run by priority, and one may stop those after it.
func ExampleHook() {
	handlers := []*gkhi.Handler{}
	register := func(name string, v gkhi.Verdict, opts ...gkhi.HandlerOption) {
		h, err := loggedIn.Register(name, func(user string) gkhi.Verdict {
			fmt.Println(name, "sees", user)
			return v
		}, opts...)
		if err != nil {
			fmt.Println(name, "refused:", errors.Is(err, gkhi.ErrPriorityTaken))
			return
		}
		handlers = append(handlers, h)
	}
	register("mailer", gkhi.Continue, gkhi.Last())
	register("filter", gkhi.Stop, gkhi.Priority(10), gkhi.MaxHits(1)) // once, then it disarms itself
	register("audit", gkhi.Continue, gkhi.First())
	register("second-audit", gkhi.Continue, gkhi.First())

	gkhi.Arm(handlers...)
	for _, user := range []string{"ann", "bob"} {
		if loggedIn.Armed() {
			fmt.Println(loggedIn.Fire(user))
		}
	}
	for _, h := range handlers {
		h.Deregister(context.Background())
	}
	// Output:
	// second-audit refused: true
	// audit sees ann
	// filter sees ann
	// stop
	// audit sees bob
	// mailer sees bob
	// continue
}
