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
