package event

import (
	"math"
	"strings"
	"testing"
)

func TestValues(t *testing.T) {
	d := Definitions{
		Funcs: []Func{{
			Params: []Param{
				{"a", "int8", Int8}, {"b", "uint16", Uint16}, {"c", "bool", Bool}, {"s", "string", String},
				{"p", "*T", Pointer}, {"x", "[]byte", Slice}, {"f", "float64", Float64}, {"o", "T", Other}, {"gone", "int", Int64},
			},
			Results: []Param{{"n", "int", Int64}, {"err", "error", Interface}},
		}},
		Sites: []Site{
			{Words: []Word{{0, 0}, {1, 0}, {2, 0}, {3, 0}, {3, 1}, {4, 0}, {5, 1}, {6, 0}, {7, 0}}},
			{Return: true, Words: []Word{{1, 0}, {0, 0}}},
		},
	}
	show := func(vs []Value) string {
		var parts []string
		for _, v := range vs {
			parts = append(parts, v.Name+"="+v.Text)
		}
		return strings.Join(parts, " ")
	}
	in := &Event{Site: 0, Words: []uint64{0xff, 0x12345, 0x100, 0xc000, 5, 0, 7, math.Float64bits(1.5), 0xab}}
	if got, want := show(d.Values(in)), "a=-1 b=9029 c=false s=len 5 p=nil x=len 7 f=1.5 o=0xab gone=…"; got != want {
		t.Errorf("arguments %q, want %q", got, want)
	}
	out := &Event{Site: 1, Words: []uint64{0x7000, ^uint64(0)}}
	if got, want := show(d.Values(out)), "n=-1 err=non-nil"; got != want {
		t.Errorf("results %q, want %q", got, want)
	}
	if got := d.Values(&Event{Site: 1}); got != nil {
		t.Errorf("without words: %v", got)
	}
	short := &Event{Site: 1, Words: []uint64{0}}
	if got, want := show(d.Values(short)), "n=… err=nil"; got != want {
		t.Errorf("too few words: %q, want %q", got, want)
	}
}
