package report

import (
	"cmp"
	"slices"
)

// Largest reports, by index of Nodes, which n nodes have the most time, when the tree is finished. A node around one of
// them is one of them, and so is the root.
func (t *Tree) Largest(n int) []bool {
	order := make([]int, len(t.Nodes))
	for i := range order {
		order[i] = i
	}
	// A node has at least the time of those in it, and stands before them.
	slices.SortFunc(order, func(x, y int) int {
		return cmp.Or(cmp.Compare(t.Nodes[y].Total, t.Nodes[x].Total), cmp.Compare(x, y))
	})
	chosen := make([]bool, len(t.Nodes))
	chosen[0] = true
	for _, at := range order[:min(n, len(order))] {
		chosen[at] = true
	}
	return chosen
}
