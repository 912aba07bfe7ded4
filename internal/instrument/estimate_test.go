package instrument

import (
	"bytes"
	"os/exec"
	"testing"

	"github.com/gkhi/gkhi/internal/inliner"
	"github.com/gkhi/gkhi/internal/testenv"
)

// TestEstimate compares the estimate with the compiler's verdicts, for which it stands in where
// inlining is off or the compiler's words have changed. What matters most is that few
// functions that the compiler inlines get points, since those are what makes programs slow.
func TestEstimate(t *testing.T) {
	testenv.Need(t, testenv.GoCommand, testenv.NotShort, testenv.NoRace)
	inlined, chosen := 0, 0    // of the declared functions that the compiler inlines, those that get points
	notInlined, missed := 0, 0 // of those that it doesn't inline, those that get none
	for _, l := range goList(t, "encoding/json", "text/template", "regexp", "bufio", "compress/flate", "strconv", "encoding/asn1", "go/scanner") {
		out, err := exec.Command("go", "build", "-gcflags=-m=2", l.ImportPath).CombinedOutput()
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		verdicts, err := inliner.Read(bytes.NewReader(out))
		if err != nil {
			t.Fatal(err)
		}
		asked := map[string]Func{}
		res, err := Rewrite(l.pkg(t), Options{Min: DefaultMin, Verdict: func(fn Func) (Verdict, bool) {
			asked[fn.Name] = fn
			return Verdict{}, false
		}})
		if err != nil {
			t.Fatal(err)
		}
		worth := map[string]bool{}
		for _, p := range res.Points {
			worth[p.Func] = true
		}
		for name, fn := range asked {
			v, known := verdicts.At(fn.File, fn.Line, fn.Col)
			switch {
			case fn.Literal:
			case !known:
				t.Errorf("%s: the compiler has not said whether it is inlined", name)
			case v.CanInline:
				inlined++
				if worth[name] {
					chosen++
					t.Logf("chosen: %s, whose cost is %d", name, v.Cost)
				}
			default:
				notInlined++
				if !worth[name] {
					missed++
					t.Logf("missed: %s, whose cost is %d", name, v.Cost)
				}
			}
		}
	}
	t.Logf("inlined: %d, of which %d get points; not inlined: %d, of which %d get none", inlined, chosen, notInlined, missed)
	switch {
	case inlined < 100 || notInlined < 100:
		t.Error("the compiler's output has changed")
	case chosen*12 > inlined:
		t.Error("more than one in twelve of the inlined functions gets points")
	case missed*10 > notInlined:
		t.Error("more than one in ten of the functions that are not inlined gets no points")
	}
}
