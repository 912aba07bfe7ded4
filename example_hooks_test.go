package gkhi_test

import (
	"fmt"
	"time"

	"github.com/gkhi/gkhi"
)

type StallEvent struct{ Took time.Duration }

var stalled gkhi.Hook[StallEvent]

func init() { gkhi.Declare(&stalled, "example.stall", "the queue stood still", gkhi.Exclusive()) }

// Hooks is the table of everything that can be hooked in the process.
func ExampleHooks() {
	for in := range gkhi.Hooks() {
		if in.Name == "example.stall" {
			fmt.Printf("%s: %s (%s of %s)\n", in.Name, in.Doc, in.Kind, in.Event)
			fmt.Printf("armed: %t, exclusive: %t\n", in.Armed, in.Exclusive)
		}
	}
	// Output:
	// example.stall: the queue stood still (hook of gkhi_test.StallEvent)
	// armed: false, exclusive: true
}
