package instrument

import (
	"cmp"
	"fmt"
	"strings"
	"testing"

	"github.com/gkhi/gkhi/internal/sitetab"
)

// TestParams has the parameters and results that points tell, for functions of all forms.
func TestParams(t *testing.T) {
	src := `package p

type T[K comparable] struct{}

func (t *T[K]) M(a, b int, _ string, more ...any) (K, error) { var k K; return k, nil }
func (T[K]) V() {}
func f(func(x int) bool, struct{ a, b int }, map[string][]chan<- int) (n int, err error) {
	_ = func(y *T[int]) (z bool) { return }
	return 1, nil
}
`
	want := map[string]string{
		"p.(*T[...]).M": "t *T[K], a int, b int, _ string, more ...any; _ K, _ error",
		"p.T[...].V":    "_ T[K]; ",
		"p.f":           "_ func(x int) bool, _ struct{a, b int}, _ map[string][]chan<- int; n int, err error",
		"p.f.func1":     "y *T[int]; z bool",
	}
	res, err := Rewrite(Package{Path: "p", Files: []File{{Name: "p.go", Src: []byte(src)}}}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range res.Points {
		if p.Kind != Entry {
			if p.Params != nil || p.Results != nil {
				t.Errorf("%s: a return has parameters", p.Func)
			}
			continue
		}
		if got := paramText(p.Params) + "; " + paramText(p.Results); got != want[p.Func] {
			t.Errorf("%s has %q, want %q", p.Func, got, want[p.Func])
		}
		delete(want, p.Func)
	}
	for name := range want {
		t.Errorf("%s has no entry", name)
	}
}

func paramText(ps []sitetab.Param) string {
	var list []string
	for _, p := range ps {
		list = append(list, fmt.Sprint(cmp.Or(p.Name, "_"), " ", p.Type))
	}
	return strings.Join(list, ", ")
}

// TestStored has the returns at which the results' variables have their values.
func TestStored(t *testing.T) {
	src := `package p

func g() error { return nil }
func f(x int) (n int, err error) {
	if x == 0 {
		return
	}
	if x == 1 {
		return 1, nil
	}
	if x == 2 {
		return x, g()
	}
	{
		err := g()
		return x * x, err
	}
}
func nothing() { g() }
`
	want := map[int]bool{3: false, 6: true, 9: false, 12: true, 16: false, 19: true}
	res, err := Rewrite(Package{Path: "p", Files: []File{{Name: "p.go", Src: []byte(src)}}}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range res.Points {
		if w, ok := want[p.Line]; p.Kind == Return && (!ok || w != p.Stored) {
			t.Errorf("line %d: stored is %v", p.Line, p.Stored)
		}
		if p.Kind == Return {
			delete(want, p.Line)
		}
	}
	if len(want) > 0 {
		t.Errorf("without a point: %v", want)
	}
}
