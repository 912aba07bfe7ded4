package flame

import (
	"cmp"
	"fmt"
	"hash/fnv"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/gkhi/gkhi/internal/report"
)

// colors gives frames their colours: a hue for each package; where there are few, for each type, or for each function. Those with
// the most time get hues that are far apart. The functions of one differ a little.
type colors struct {
	tree *report.Tree
	key  func(name string) string
	hue  map[string]float64
}

// hues are as far apart as they can be told.
var hues = []float64{22, 212, 140, 350, 275, 175, 45, 240, 95, 320, 195, 60}

// fewGroups is with how many groups a picture would have too few colours.
const fewGroups = 4

func newColors(t *report.Tree) *colors {
	c := &colors{tree: t, hue: map[string]float64{}}
	time := map[string]int64{}
	for _, key := range []func(string) string{pkg, receiver, func(name string) string { return name }} {
		c.key = key
		clear(time)
		for i := range t.Nodes {
			if n := &t.Nodes[i]; n.Func >= 0 {
				time[key(n.Name)] += n.Own + 1
			}
		}
		if len(time) >= fewGroups {
			break
		}
	}
	groups := slices.SortedFunc(maps.Keys(time), func(a, b string) int { return cmp.Or(cmp.Compare(time[b], time[a]), cmp.Compare(a, b)) })
	for i, g := range groups {
		c.hue[g] = math.Mod(hues[i%len(hues)]+17*float64(i/len(hues)), 360)
	}
	return c
}

// pkg is the package of a function's name.
func pkg(name string) string {
	path, _, _ := strings.Cut(name, "[")
	folder := strings.LastIndexByte(path, '/') + 1
	base, _, _ := strings.Cut(name[folder:], ".")
	return name[:folder] + base
}

// receiver is the package and, of a method, its type.
func receiver(name string) string {
	p := pkg(name)
	if rest, ok := strings.CutPrefix(name[len(p):], ".("); ok {
		t, _, _ := strings.Cut(rest, ")")
		return p + "." + t
	}
	return p
}

// of returns a node's colour. Frames of functions that have no points are grey.
func (c *colors) of(at int) string {
	n := &c.tree.Nodes[at]
	if n.Func < 0 {
		return "#d5d8dc"
	}
	h := fnv.New32a()
	h.Write([]byte(n.Name))
	tone := float64(h.Sum32()%7) / 6
	return hex(math.Mod(c.hue[c.key(n.Name)]+float64(h.Sum32()>>8%5)*4+352, 360), 0.78-0.14*tone, 0.70+0.12*tone)
}

// hex turns hue (degrees), saturation and lightness into #rrggbb.
func hex(h, s, l float64) string {
	a := s * min(l, 1-l)
	part := func(n float64) int {
		k := math.Mod(n+h/30, 12)
		return int(math.Round(255 * (l - a*max(-1, min(k-3, 9-k, 1)))))
	}
	return fmt.Sprintf("#%02x%02x%02x", part(0), part(8), part(4))
}
