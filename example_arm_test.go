package gkhi_test

import (
	"context"
	"fmt"

	"github.com/gkhi/gkhi"
)

var (
	opened gkhi.Hook[string]
	closed gkhi.Hook[string]
)

func init() {
	gkhi.Declare(&opened, "example.open", "a file was opened")
	gkhi.Declare(&closed, "example.close", "a file was closed")
}

// Handlers that belong together are armed together, all or none.
func ExampleArm() {
	files := 0
	up, err1 := opened.Register("count", func(string) gkhi.Verdict { files++; return gkhi.Continue })
	down, err2 := closed.Register("count", func(string) gkhi.Verdict { files--; return gkhi.Continue })
	if err1 != nil || err2 != nil {
		fmt.Println(err1, err2)
		return
	}
	gkhi.Arm(up, down)
	opened.Fire("a")
	opened.Fire("b")
	closed.Fire("a")
	fmt.Println("open files:", files)

	down.Deregister(context.Background())
	fmt.Println(gkhi.Disarm(up, down))
	fmt.Println("still armed:", up.Armed())
	up.Deregister(context.Background())
	// Output:
	// open files: 1
	// disarm example.close/count: deregistered
	// still armed: true
}
