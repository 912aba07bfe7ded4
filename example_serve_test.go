package gkhi_test

import (
	"fmt"
	"log"

	"github.com/gkhi/gkhi"
)

// From here until stop, `gkhi ls`, `gkhi trace` and the others find the process.
func ExampleServe() {
	stop, err := gkhi.Serve()
	if err != nil {
		log.Print("no gkhi commands: ", err) // the program can go on without them
	}
	defer func() {
		// What commands armed is undone when stop returns.
		fmt.Println("stopped:", stop())
	}()

	fmt.Println("the program's work")
	// Output:
	// the program's work
	// stopped: <nil>
}
