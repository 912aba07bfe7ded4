package gkhi_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/gkhi/gkhi"
)

var evicted gkhi.Hook[string]

func init() { gkhi.Declare(&evicted, "example.evict", "a key left the cache") }

// Code that doesn't know a hook's package finds it by name, and uses it with its type
// or, if it doesn't know that either, with events of type any.
func ExampleLookup() {
	hook, err := gkhi.Lookup("example.evict")
	if err != nil {
		fmt.Println(err)
		return
	}
	typed, err := hook.(*gkhi.Hook[string]).Register("typed", func(key string) gkhi.Verdict {
		fmt.Println("typed:", len(key), "bytes")
		return gkhi.Continue
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	anyone, err := hook.RegisterAny("any", func(ev any) gkhi.Verdict {
		fmt.Printf("any: %v (%T)\n", ev, ev)
		return gkhi.Continue
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	gkhi.Arm(typed, anyone)
	evicted.Fire("user:1")
	typed.Deregister(context.Background())
	anyone.Deregister(context.Background())

	_, err = gkhi.Lookup("example.evicted")
	fmt.Println(errors.Is(err, gkhi.ErrUnknown))
	// Output:
	// typed: 6 bytes
	// any: user:1 (string)
	// true
}
