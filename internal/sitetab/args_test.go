package sitetab

import (
	"fmt"
	"reflect"
	"testing"
)

// withArgs adds arguments to a table, as a real program might have them.
func withArgs(t *Table) *Table {
	t.Layouts = []Layout{{Frame: 64, Places: []Place{{}, {Register, 3}, {Stack, -16}}}, {Frame: NoFrame, Places: []Place{}}}
	for i := range 200 {
		t.Layouts = append(t.Layouts, Layout{Frame: 8 * i, Places: []Place{{Register, int64(i % 16)}, {Stack, int64(8 * i)}, {Constant, 1 << 62}, {Address, 0x500000}, {FloatRegister, 1}}})
	}
	for i := range t.Funcs {
		f := &t.Funcs[i]
		if i%5 != 0 {
			f.Params = []Param{
				{Name: "r", Type: fmt.Sprintf("*example.com/p.T%d", i%100), Kind: Pointer, Size: 8},
				{Name: []string{"a", "b", "name", "key"}[i%4], Type: "string", Kind: String, Size: 16},
			}
			f.Results = []Param{{Type: "error", Kind: Iface, Size: 16}}[:i%2]
		}
		for j := range f.Points {
			p := &f.Points[j]
			p.Layouts = make([]uint32, len(p.Sites))
			for k := range p.Layouts {
				p.Layouts[k] = uint32((i + j + k) % (len(t.Layouts) + 1))
			}
		}
	}
	return t
}

func TestArgs(t *testing.T) {
	for _, n := range []int{1, 1000} {
		want := withArgs(someTable(n))
		got, err := Decode(want.Append(nil))
		if err != nil {
			t.Fatal(err)
		}
		if got.Layouts != nil || got.Funcs[0].Params != nil {
			t.Error("arguments are there before somebody asked for them")
		}
		unread, err := Decode(got.Append(nil))
		if err != nil || !reflect.DeepEqual(unread, got) {
			t.Errorf("written unread it is another: %v", err)
		}
		for range 2 {
			if err := got.LoadArgs(); err != nil {
				t.Fatal(err)
			}
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%d functions: what is read differs from what was written", n)
		}
	}
}

// TestNoArgs is of a program of which nothing is known.
func TestNoArgs(t *testing.T) {
	want := someTable(20)
	want.NoArgs = "it has no debug information"
	got, err := Decode(want.Append(nil))
	if err == nil {
		err = got.LoadArgs()
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestArgsDamaged(t *testing.T) {
	good := withArgs(someTable(20)).Append(nil)
	table, err := Decode(good)
	if err != nil {
		t.Fatal(err)
	}
	for n := len(table.args) - 1; n > 0; n-- {
		cut := *table
		cut.args = table.args[:n]
		if err := cut.LoadArgs(); err == nil {
			t.Fatalf("%d bytes of %d are enough", n, len(table.args))
		}
		if cut.Layouts != nil {
			t.Fatal("half of it was read")
		}
	}
}

func TestWords(t *testing.T) {
	for size, want := range map[int]int{0: 0, 1: 1, 8: 1, 9: 2, 24: 3, 1000: MaxWords} {
		if got := (Param{Size: size}).Words(); got != want {
			t.Errorf("%d bytes: %d words, want %d", size, got, want)
		}
	}
}

func TestLayout(t *testing.T) {
	tab := &Table{Layouts: []Layout{{Frame: 8}, {Frame: 16}}}
	p := &FuncPoint{Sites: []uint64{1, 2, 3}, Layouts: []uint32{2, 0, 9}}
	if l := tab.Layout(p, 0); l == nil || l.Frame != 16 {
		t.Errorf("the first is %v", l)
	}
	for i := 1; i < 5; i++ {
		if l := tab.Layout(p, i); l != nil {
			t.Errorf("site %d has %v", i, l)
		}
	}
}

func TestText(t *testing.T) {
	for _, c := range []struct {
		p            Place
		amd64, arm64 string
	}{
		{Place{}, "?", "?"},
		{Place{Register, 3}, "BX", "R3"},
		{Place{Register, 12}, "R12", "R12"},
		{Place{FloatRegister, 1}, "X1", "F1"},
		{Place{Stack, -16}, "-16(SP)", "-16(SP)"},
		{Place{Constant, -1}, "$-1", "$-1"},
		{Place{Address, 0x401000}, "$0x401000", "$0x401000"},
	} {
		if got := c.p.Text("amd64"); got != c.amd64 {
			t.Errorf("%v on amd64: %s, want %s", c.p, got, c.amd64)
		}
		if got := c.p.Text("arm64"); got != c.arm64 {
			t.Errorf("%v on arm64: %s, want %s", c.p, got, c.arm64)
		}
	}
}

func TestSignature(t *testing.T) {
	p := func(name, typ string) Param { return Param{Name: name, Type: typ} }
	for _, c := range []struct {
		params, results []Param
		want            string
	}{
		{nil, nil, "()"},
		{[]Param{p("a", "int"), p("b", "...any")}, []Param{p("", "error")}, "(a int, b ...any) error"},
		{[]Param{p("", "*T"), p("b", "int")}, []Param{p("n", "int")}, "(_ *T, b int) (n int)"},
		{[]Param{p("", "int")}, []Param{p("", "int"), p("", "error")}, "(int) (int, error)"},
	} {
		if got := Signature(c.params, c.results); got != c.want {
			t.Errorf("%s, want %s", got, c.want)
		}
	}
}

func TestOf(t *testing.T) {
	values := []Param{{Size: 8}, {Size: 16}, {Size: 0}, {Size: 24}}
	l := &Layout{Places: []Place{{Register, 0}, {Register, 1}, {Register, 2}, {Register, 3}}}
	want := [][]Place{{{Register, 0}}, {{Register, 1}, {Register, 2}}, {}, {{Register, 3}, {}, {}}}
	for i := range values {
		if got := l.Of(values, i); !reflect.DeepEqual(got, want[i]) {
			t.Errorf("value %d: %v, want %v", i, got, want[i])
		}
		if got := (*Layout)(nil).Of(values, i); len(got) != values[i].Words() {
			t.Errorf("value %d of nothing: %v", i, got)
		}
	}
}
