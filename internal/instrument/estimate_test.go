package instrument

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/gkhi/gkhi/internal/testenv"
)

// verdict is a line of the compiler's -m=2.
var verdict = regexp.MustCompile(`(?m)^(\S+\.go):(\d+):\d+: (can inline|cannot inline) ([^\s:]+)(.*)$`)

// TestEstimate compares the estimate with the inliner's verdicts. What matters most is that few
// functions that the compiler inlines get points, since those are what makes programs slow.
func TestEstimate(t *testing.T) {
	testenv.Need(t, testenv.GoCommand, testenv.NotShort, testenv.NoRace)
	inlined, chosen := 0, 0    // of the functions without loops that the compiler inlines, those that get points
	notInlined, missed := 0, 0 // of those that it doesn't inline, those that get none
	for _, l := range goList(t, "encoding/json", "text/template", "regexp", "bufio", "compress/flate", "strconv", "encoding/asn1", "go/scanner") {
		pkg := l.pkg(t)
		worth := map[string]bool{}
		cost := map[string]int{}
		note := func(fn Func) (bool, bool) {
			cost[fmt.Sprint(filepath.Base(fn.File), ":", fn.Line)] = fn.Cost
			return false, false
		}
		res, err := Rewrite(pkg, Options{Min: DefaultMin, Inlined: note})
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range res.Points {
			if p.Kind == Entry {
				worth[fmt.Sprint(filepath.Base(p.File), ":", p.Line)] = true
			}
		}
		out, err := exec.Command("go", "build", "-gcflags=-m=2", l.ImportPath).CombinedOutput()
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		for _, m := range verdict.FindAllStringSubmatch(string(out), -1) {
			at := filepath.Base(m[1]) + ":" + m[2]
			c, ours := cost[at]
			if !ours || strings.Contains(m[4], "func") && strings.Contains(m[4], ".") {
				continue // of a closure: several may be on a line
			}
			loop := strings.Contains(m[5], "for loop") || strings.Contains(m[5], "range statement")
			switch {
			case m[3] == "can inline" && !loop:
				inlined++
				if worth[at] {
					chosen++
					t.Logf("chosen: %s %s, estimated %d, %s", at, m[4], c, m[5])
				}
			case m[3] == "cannot inline":
				notInlined++
				if !worth[at] {
					missed++
					t.Logf("missed: %s %s, estimated %d, %s", at, m[4], c, m[5])
				}
			}
		}
	}
	t.Logf("inlined: %d, of which %d get points; not inlined: %d, of which %d get none", inlined, chosen, notInlined, missed)
	switch {
	case inlined < 100 || notInlined < 100:
		t.Error("the compiler's output has changed")
	case chosen*20 > inlined:
		t.Error("more than one in twenty of the inlined functions gets points")
	case missed*10 > notInlined:
		t.Error("more than one in ten of the functions that are not inlined gets no points")
	}
}
