package gkhi_test

import (
	"fmt"

	"github.com/gkhi/gkhi"
)

var stepped gkhi.Point

func init() { gkhi.DeclarePoint(&stepped, "example.step", "the search looked at one element") }

func search(list []int, want int) int {
	for i, v := range list {
		stepped.Hit() // one instruction; search stays as inlinable as it was
		if v == want {
			return i
		}
	}
	return -1
}

func ExamplePoint() {
	fmt.Println(search([]int{2, 3, 5, 7}, 5))
	fmt.Println(stepped.Info().Kind, stepped.Info().Name)
	// Output:
	// 2
	// point example.step
}
