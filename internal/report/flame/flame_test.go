package flame

import (
	"bytes"
	"encoding/xml"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/gkhi/gkhi/internal/event"
	"github.com/gkhi/gkhi/internal/report"
	"github.com/gkhi/gkhi/internal/report/reporttest"
)

var update = flag.Bool("update", false, "write the golden files anew; look at the pictures before you commit them")

// tree returns the tree of a recording.
func tree(t testing.TB, recording []byte) *report.Tree {
	t.Helper()
	r, err := event.NewReader(bytes.NewReader(recording))
	if err != nil {
		t.Fatal(err)
	}
	tr := report.NewTree(r)
	if _, err := report.Walk(r, report.Filter{}, tr.Visitor()); err != nil {
		t.Fatal(err)
	}
	tr.Finish()
	return tr
}

func draw(t testing.TB, tr *report.Tree) string {
	t.Helper()
	var b bytes.Buffer
	if err := Write(&b, tr, "kv", "2026-01-02 15:04:05 · db1"); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestGolden(t *testing.T) {
	for _, c := range []struct {
		name    string
		options reporttest.Options
	}{
		{"service", reporttest.Options{Events: 3000}},
		{"stacks", reporttest.Options{Events: 3000, Stacks: true, Panics: 0.01, Lost: 0.0005}},
	} {
		got := draw(t, tree(t, reporttest.Make(c.options)))
		path := filepath.Join("testdata", c.name+".svg")
		if *update {
			if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if got != string(want) {
			t.Errorf("%s differs; go test -update writes it anew", path)
		}
	}
}

// A box is a frame as it is in the file.
type box struct {
	Title string `xml:"title"`
	Rect  struct {
		X     float64 `xml:"x,attr"`
		Y     float64 `xml:"y,attr"`
		Width float64 `xml:"width,attr"`
		Fill  string  `xml:"fill,attr"`
	} `xml:"rect"`
	Text string `xml:"text"`
}

func parse(t testing.TB, svg string) []box {
	t.Helper()
	var doc struct {
		XMLName xml.Name `xml:"http://www.w3.org/2000/svg svg"`
		Height  float64  `xml:"height,attr"`
		G       []box    `xml:"g"`
	}
	if err := xml.Unmarshal([]byte(svg), &doc); err != nil {
		t.Fatalf("%v in\n%s", err, svg)
	}
	for _, b := range doc.G {
		if b.Rect.X < 0 || b.Rect.X+b.Rect.Width > width+0.1 || b.Rect.Y < 0 || b.Rect.Y > doc.Height {
			t.Errorf("%q is outside of the picture: %+v", b.Title, b.Rect)
		}
	}
	return doc.G
}

// TestWidths holds that every frame is as wide as its time.
func TestWidths(t *testing.T) {
	tr := tree(t, reporttest.Make(reporttest.Options{Events: 20_000}))
	boxes := parse(t, draw(t, tr))
	if len(boxes) < 20 || !strings.HasPrefix(boxes[0].Title, "all\n") {
		t.Fatalf("%d frames", len(boxes))
	}
	whole := tr.Nodes[0].Total
	seen := 0
	for _, n := range tr.Nodes {
		want := float64(n.Total) / float64(whole) * (width - 2*margin)
		if want < 5 {
			continue
		}
		for _, b := range boxes {
			if d := b.Rect.Width + 0.5 - want; strings.HasPrefix(b.Title, n.Name+"\n") && d < 0.02 && d > -0.02 {
				seen++
				break
			}
		}
	}
	if seen < 20 {
		t.Errorf("%d nodes have a frame of their width", seen)
	}
}

// TestHostile has names that look like markup, or that XML can't have.
func TestHostile(t *testing.T) {
	const evil = "a/b.</title><script>alert(1)</script>&\"'\x00\xff\x1b"
	tr := &report.Tree{Nodes: []report.Node{
		{Name: "all", Func: -1, Parent: -1, Children: []int{1}, Total: 100},
		{Name: evil, Func: 0, Calls: 2, Own: 100, Total: 100},
	}}
	var b bytes.Buffer
	if err := Write(&b, tr, evil, evil); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(b.String(), "<script") {
		t.Errorf("a script is in the picture:\n%s", b.String())
	}
	boxes := parse(t, b.String())
	if len(boxes) != 2 || !strings.HasPrefix(boxes[1].Title, "a/b.</title><script>alert(1)</script>&\"'\uFFFD") {
		t.Errorf("%+v", boxes)
	}
}

func TestEdges(t *testing.T) {
	empty := &report.Tree{Nodes: []report.Node{{Name: "all", Func: -1, Parent: -1}}}
	if svg := draw(t, empty); len(parse(t, svg)) != 0 || !strings.Contains(svg, "No call has a time") {
		t.Error(svg)
	}
	deep := &report.Tree{Nodes: []report.Node{{Name: "all", Func: -1, Parent: -1, Total: 9, Children: []int{1}}}}
	for i := range 2 * maxDeep {
		deep.Nodes = append(deep.Nodes, report.Node{Name: "f" + strconv.Itoa(i), Func: i, Parent: i, Total: 9, Children: []int{i + 2}})
	}
	deep.Nodes[len(deep.Nodes)-1].Children = nil
	if svg := draw(t, deep); len(parse(t, svg)) != maxDeep || !strings.Contains(svg, "deep are left out") {
		t.Errorf("%d frames", len(parse(t, svg)))
	}
	if err := Write(failing{}, deep, "", ""); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("error %v", err)
	}
}

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }

func TestNames(t *testing.T) {
	for _, c := range []struct{ name, pkg, receiver, short string }{
		{"main.main", "main", "main", "main.main"},
		{"a.b/c.(*T).M", "a.b/c", "a.b/c.*T", "c.(*T).M"},
		{"a/b.F[x/y.Z]", "a/b", "a/b", "b.F[x/y.Z]"},
		{"", "", "", ""},
	} {
		if p, r, s := pkg(c.name), receiver(c.name), short(c.name); p != c.pkg || r != c.receiver || s != c.short {
			t.Errorf("%q: %q, %q, %q", c.name, p, r, s)
		}
	}
	if got := hex(0, 1, 0.5) + hex(120, 1, 0.5) + hex(240, 0, 1); got != "#ff0000#00ff00#ffffff" {
		t.Error(got)
	}
	if got := fit("abcdefgh", 5*letter); got != "abcd…" {
		t.Error(got)
	}
}
