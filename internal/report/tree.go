package report

import (
	"cmp"
	"slices"

	"github.com/gkhi/gkhi/internal/event"
)

// MaxNodes bounds a Tree. What is called from further places is put together in nodes named Other.
const MaxNodes = 200_000

// MaxDepth is how deep a Tree is at most; what is deeper is put together too.
const MaxDepth = 200

// Other is the name of nodes that stand for many.
const Other = "(other)"

// A Tree sums calls by the whole path of their callers: the calling-context tree, which flame graphs show. Where stacks were
// recorded, functions that have no events are on the paths too.
type Tree struct {
	Nodes  []Node // the first is the root; a node stands behind its parent
	Folded uint64 // calls that are in nodes named Other

	r     *event.Reader
	at    map[nodeKey]int // of calls
	named map[nameKey]int // every node but the root
	max   int
}

// A Node is a function, called from where its parent is.
type Node struct {
	Name     string
	File     string
	Line     int
	Func     int   // index of Funcs; -1 for the root, for frames of stacks, and for Other
	Parent   int   // index of Nodes; -1 of the root
	Children []int // when the walk is over, by time, longest first
	Calls    uint64
	Own      int64 // ns without the nodes below
	Total    int64 // ns with them, when the walk is over

	last    nodeKey // of a child that was asked for
	lastAt  int
	depth   int
	isOther bool
}

type nodeKey struct{ parent, fn, stack int }

type nameKey struct {
	parent, fn int
	name       string
}

// NewTree returns a tree of what r reads.
func NewTree(r *event.Reader) *Tree {
	return &Tree{r: r, at: map[nodeKey]int{}, named: map[nameKey]int{}, max: MaxNodes, Nodes: []Node{{Name: "all", Func: -1, Parent: -1, lastAt: -1}}}
}

// Visitor returns what tells the tree.
func (t *Tree) Visitor() Visitor {
	return Visitor{
		Enter: func(c *Call) {
			parent := 0
			if c.Parent != nil {
				parent = c.Parent.Data
			}
			c.Data = t.child(parent, c)
		},
		Leave: t.add,
		Drop: func(c *Call, _ int64, _ bool) {
			t.add(c) // one that was lost has no Own
		},
	}
}

func (t *Tree) add(c *Call) {
	n := &t.Nodes[c.Data]
	n.Calls++
	n.Own += c.Own
	if n.isOther {
		t.Folded++
	}
}

// child returns the node of a call within another's.
func (t *Tree) child(parent int, c *Call) int {
	p := &t.Nodes[parent]
	if p.isOther {
		return parent
	}
	key := nodeKey{parent, c.Func, c.Stack}
	if p.lastAt >= 0 && p.last == key {
		return p.lastAt
	}
	at, ok := t.at[key]
	if !ok {
		at = t.path(parent, c)
		if len(t.at) < 4*t.max {
			t.at[key] = at
		}
	}
	p = &t.Nodes[parent]
	p.last, p.lastAt = key, at
	return at
}

// path makes the nodes from a call's parent to its own: those of its stack that are between, then its function's.
func (t *Tree) path(parent int, c *Call) int {
	f := &t.r.Funcs[c.Func]
	var between []event.Frame
	if c.Stack >= 0 {
		until := ""
		if c.Parent != nil {
			until = t.r.Funcs[c.Parent.Func].Name
		}
		between = t.between(c.Stack, f.Name, until)
	}
	at := parent
	for i := len(between) - 1; i >= 0 && !t.Nodes[at].isOther; i-- {
		at = t.node(at, -1, between[i])
	}
	if t.Nodes[at].isOther {
		return at
	}
	return t.node(at, c.Func, event.Frame{Func: f.Name, File: f.File, Line: f.Line})
}

// between returns the frames of a stack, innermost first, up to the function until, or all of them if that is
// empty; none when until isn't there. The function itself is left out.
func (t *Tree) between(stack int, itself, until string) (fs []event.Frame) {
	for _, pc := range t.r.Stacks[stack] {
		for _, f := range t.r.Frames[pc] {
			switch {
			case len(fs) == 0 && f.Func == itself:
			case until != "" && f.Func == until:
				return fs
			default:
				fs = append(fs, f)
			}
		}
	}
	if until != "" {
		return nil
	}
	return fs
}

// node returns the child of a node with a name; when there are too many, the one for all others.
func (t *Tree) node(parent, fn int, f event.Frame) int {
	key := nameKey{parent, fn, f.Func}
	if at, ok := t.named[key]; ok {
		return at
	}
	n := Node{Name: f.Func, File: f.File, Line: f.Line, Func: fn, Parent: parent, depth: t.Nodes[parent].depth + 1, lastAt: -1}
	if len(t.Nodes) >= t.max || n.depth > MaxDepth {
		key = nameKey{parent: parent, fn: otherFunc}
		if at, ok := t.named[key]; ok {
			return at
		}
		n = Node{Name: Other, Func: -1, Parent: parent, lastAt: -1, isOther: true}
	}
	t.Nodes = append(t.Nodes, n)
	t.named[key] = len(t.Nodes) - 1
	return len(t.Nodes) - 1
}

// otherFunc is the function of Other in a nameKey.
const otherFunc = -2

// Finish sums totals up and sorts children, when the walk is over.
func (t *Tree) Finish() {
	for i := range t.Nodes {
		t.Nodes[i].Total, t.Nodes[i].Children = t.Nodes[i].Own, nil
	}
	for i := len(t.Nodes) - 1; i > 0; i-- {
		p := &t.Nodes[t.Nodes[i].Parent]
		p.Total += t.Nodes[i].Total
		p.Children = append(p.Children, i)
	}
	for i := range t.Nodes {
		slices.SortFunc(t.Nodes[i].Children, func(a, b int) int {
			x, y := &t.Nodes[a], &t.Nodes[b]
			return cmp.Or(cmp.Compare(y.Total, x.Total), cmp.Compare(x.Name, y.Name))
		})
	}
}

// Path returns the nodes from the root's child to node i.
func (t *Tree) Path(i int) (path []*Node) {
	for ; i > 0; i = t.Nodes[i].Parent {
		path = append(path, &t.Nodes[i])
	}
	slices.Reverse(path)
	return path
}
