package gkhi_test

import (
	"context"
	"fmt"

	"github.com/gkhi/gkhi"
)

// What the hook fires.
type CommitEvent struct{ Pages, Bytes int }

// The hook: a package-level variable with a name.
var committed gkhi.Hook[CommitEvent]

func init() { gkhi.Declare(&committed, "example.commit", "a transaction was committed") }

// The code that is hooked. The event is made only if somebody is armed.
func commit(pages int) {
	if committed.Armed() {
		committed.Fire(CommitEvent{Pages: pages, Bytes: pages << 12})
	}
}

func Example() {
	commit(1) // nobody sees it

	h, err := committed.Register("printer", func(ev CommitEvent) gkhi.Verdict {
		fmt.Println("committed", ev.Pages, "pages,", ev.Bytes, "bytes")
		return gkhi.Continue
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	commit(2) // registered, not armed: nobody sees it

	h.Arm()
	commit(3)

	h.Deregister(context.Background()) // disarms, and waits for calls in flight
	commit(4)
	// Output:
	// committed 3 pages, 12288 bytes
}
