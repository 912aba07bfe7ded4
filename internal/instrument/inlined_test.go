package instrument

import (
	"bytes"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/gkhi/gkhi/internal/inliner"
	"github.com/gkhi/gkhi/internal/testenv"
)

// canInline is what the compiler says of a function.
var canInline = regexp.MustCompile(`(?m): can inline (\S+) with cost`)

// TestStaysInlined asks the compiler before and after: what it inlines without points, it inlines with them, but for
// a few whose loop enters functions that it does not inline. A call where there was none would cost far more than points do.
func TestStaysInlined(t *testing.T) {
	testenv.Need(t, testenv.GoCommand, testenv.NotShort, testenv.NoRace)
	before, lost := 0, 0
	kept, given := 0, 0 // of what is inlined, that which has points and is inlined still, and that which isn't any more
	for _, l := range goList(t, "encoding/json", "text/template", "regexp", "bufio", "compress/flate", "encoding/asn1", "go/scanner", "net/http", "go/types") {
		said := func(args ...string) []byte {
			out, err := exec.Command("go", append(args, l.ImportPath)...).CombinedOutput()
			if err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			return out
		}
		plain := said("build", "-gcflags=-m=2")
		verdicts, err := inliner.Read(bytes.NewReader(plain))
		if err != nil {
			t.Fatal(err)
		}
		file, tables := overlay(t, []listed{l}, Options{Min: DefaultMin, Verdict: func(fn Func) (Verdict, bool) {
			v, known := verdicts.At(fn.File, fn.Line, fn.Col)
			return Verdict{Cost: v.Cost, Inlined: v.CanInline && (v.Inlined || !fn.Literal)}, known
		}})
		pointed := map[string]bool{}
		for _, p := range tables[l.ImportPath].Points {
			pointed[strings.TrimPrefix(p.Func, l.ImportPath+".")] = true
		}
		after := map[string]bool{}
		for _, m := range canInline.FindAllSubmatch(said("build", "-overlay="+file, "-gcflags=-m=2"), -1) {
			after[string(m[1])] = true
		}
		for _, m := range canInline.FindAllSubmatch(plain, -1) {
			before++
			switch name := string(m[1]); {
			case after[name] && pointed[name]:
				kept++
			case after[name]:
			case pointed[name]:
				given++
				t.Logf("%s: %s has points and is not inlined any more", l.ImportPath, name)
			case !strings.Contains(name, "-range"):
				// The body of a range over a function is one to the inliner, and has the points of the returns in it.
				lost++
				t.Errorf("%s: %s is not inlined any more", l.ImportPath, name)
			}
		}
	}
	t.Logf("%d functions are inlined without points; with them %d are not, besides %d that have points; %d have points and are", before, lost, given, kept)
	switch {
	case before < 1000 || kept == 0:
		t.Error("the compiler's output has changed")
	case given*100 > before:
		t.Error("more than one in a hundred are not inlined for their points")
	}
}
