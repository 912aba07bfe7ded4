package gkhi_test

import (
	"context"
	"fmt"

	"github.com/gkhi/gkhi"
)

var visited gkhi.Point

func init() { gkhi.DeclarePoint(&visited, "example.visit", "the sum looked at one element") }

func sum(list []int) (s int) {
	for _, v := range list {
		visited.Hit()
		s += v
	}
	return s
}

// A point's hits are counted in the machine code that its site calls.
func ExamplePoint_Count() {
	h, err := visited.Count("visits")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer h.Deregister(context.Background())
	if err := h.Arm(); err != nil {
		fmt.Println(err) // why this machine can't patch: gkhi doctor says more
		return
	}
	fmt.Println(sum([]int{2, 3, 5, 7}), "from", h.Calls(), "elements")
}
