package gkhi_test

import (
	"fmt"

	"github.com/gkhi/gkhi"
)

// What always has callbacks needs no hook: a chain is cheaper to call.
var shutdown gkhi.Chain[string]

func ExampleChain() {
	shutdown.Register(func(why string) gkhi.Verdict {
		fmt.Println("close the files:", why)
		return gkhi.Continue
	}, 0)
	notify := shutdown.Register(func(why string) gkhi.Verdict {
		fmt.Println("tell the clients:", why)
		return gkhi.Continue
	}, 10) // a higher priority runs earlier

	shutdown.Call("upgrade")
	notify.Unregister()
	shutdown.Call("again")
	// Output:
	// tell the clients: upgrade
	// close the files: upgrade
	// close the files: again
}
