package laydown

import (
	"debug/elf"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gkhi/gkhi/internal/sitetab"
)

// argsSource has functions that use all their parameters, after a call that makes them live on.
const argsSource = `package main

import "io"

type S struct {
	P *int
	N int
	S string
}

type G[T any] struct{ v T }

//go:noinline
func use(vs ...any) { n += len(vs) }

var n int

func main() {
	ints(1, 2, 3, 4, true, 'x')
	words("a", nil, nil, 3, nil, nil)
	floats(1, 2, 3, 1i)
	(&S{}).method(1)
	S{}.value(1)
	many(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18)
	generic("a", 1)
	generic(1, 2)
	(&G[string]{}).method("a")
	outer(n, n+1)
	literal(7)(8)
	nothing()
	constants()
	moved(1, 2)
	stored(3)
	if named(3) != nil {
		println(deferred(n))
	}
}

//go:noinline
func ints(a int, b uint8, c int32, d uintptr, e bool, r rune) int { use(a, b, c, d, e, r); return n }

//go:noinline
func words(s string, b []byte, m map[string]int, e any, i error, w io.Writer) (string, error) {
	use(s, b, m, e, i, w)
	return s, i
}

//go:noinline
func floats(a float64, b float32, i int, c complex128) { use(a, b, i, c) }

//go:noinline
func (s *S) method(i int) { use(s, i) }

//go:noinline
func (s S) value(i int) { use(s.P, s.N, s.S, i) }

//go:noinline
func many(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r int) {
	use(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r)
}

//go:noinline
func generic[T any](v T, i int) { use(v, i) }

//go:noinline
func (g *G[T]) method(v T) { use(g, v) }

//go:noinline
func outer(a, b int) { use(inner(b, a), a, b) }

func inner(x, y int) int { use(x, y); return x }

//go:noinline
func literal(a int) func(int) {
	return func(b int) { use(a, b) }
}

//go:noinline
func nothing() { use() }

//go:noinline
func named(x int) (err error) { use(x); return err }

//go:noinline
func constants() (int, string, error, bool, float64, uint16) {
	use()
	return 7, "abc", nil, true, 0, 0x8000
}

//go:noinline
func moved(a, b int) (int, int) {
	for range a {
		b += b
	}
	return b, a
}

//go:noinline
func stored(x int) (y int, err error) {
	defer func() { use(recover()) }()
	y = x
	return
}

//go:noinline
func deferred(x int) (y int, err error) {
	defer func() { y++; use(recover()) }()
	use(x)
	return x, nil
}
`

// Places are written by the order of the calling convention: r0 is the first register for integers, f0 the first
// for floats, s0 the first word on the stack. A value's words are joined by a comma, and ? is not known.
var argsWant = []struct{ fn, params, amd64, arm64 string }{
	{"main.ints", "a int/8, b uint/1, c int/4, d uint/8, e bool/1, r int/4; int/8", "r0 r1 r2 r3 r4 r5", ""},
	{"main.words", "s string/16, b slice/24, m pointer/8, e eface/16, i iface/16, w iface/16; string/16, iface/16",
		"r0,r1 r2,r3,r4 r5 r6,r7 s0,s1 s2,s3", "r0,r1 r2,r3,r4 r5 r6,r7 r8,r9 r10,r11"},
	{"main.floats", "a float/8, b float/4, i int/8, c complex/16", "f0 f1 r0 f2,f3", ""},
	{"main.(*S).method", "s pointer/8, i int/8", "r0 r1", ""},
	{"main.S.value", "s other/32, i int/8", "r0,r1,r2,r3 r4", ""},
	{"main.many", "a int/8, b int/8, c int/8, d int/8, e int/8, f int/8, g int/8, h int/8, i int/8, j int/8, k int/8, l int/8, m int/8, n int/8, o int/8, p int/8, q int/8, r int/8",
		"r0 r1 r2 r3 r4 r5 r6 r7 r8 s0 s1 s2 s3 s4 s5 s6 s7 s8", "r0 r1 r2 r3 r4 r5 r6 r7 r8 r9 r10 r11 r12 r13 r14 r15 s0 s1"},
	{"main.(*G[...]).method", "g pointer/8, v string/16", "r0 r2,r3", ""}, // r1 is the dictionary
	{"main.outer", "a int/8, b int/8", "r0 r1", ""},
	{"main.inner", "x int/8, y int/8; other/0", "r1 r0", ""}, // inlined into outer, where the compiler tells nothing of results
	{"main.literal.func1", "b int/8", "r0", ""},
	{"main.generic[...]", "v other/0, i int/8", " r3", ""},
	{"main.nothing", "", "", ""},
	{"main.named", "x int/8; err iface/16", "r0", ""},
	{"main.deferred", "x int/8; y int/8, err iface/16", "r0", ""},
}

func tableOf(t *testing.T, exe string) *sitetab.Table {
	t.Helper()
	f, err := os.Open(exe)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	table, err := sitetab.Read(f)
	if err == nil {
		err = table.LoadArgs()
	}
	if err != nil {
		t.Fatal(err)
	}
	return table
}

func TestArguments(t *testing.T) {
	for _, arch := range []string{"amd64", "arm64"} {
		for _, env := range []string{"", "GOFLAGS=-buildmode=pie", "GOEXPERIMENT=nodwarf5"} {
			t.Run(arch+" "+env, func(t *testing.T) {
				exe, pkgs := programOf(t, argsSource, "GOARCH="+arch, env)
				r, err := Lay(exe, pkgs, Options{})
				if err != nil || r.NoArgs != "" || r.ArgSites == 0 {
					t.Fatalf("%+v, %v", r, err)
				}
				table := tableOf(t, exe)
				for _, want := range argsWant {
					checkFunc(t, table, want.fn, want.params, pick(arch, want.amd64, want.arm64))
				}
				for _, want := range resultsWant {
					checkResults(t, exe, table, want.fn, pick(arch, want.amd64, want.arm64))
				}
			})
		}
	}
}

func pick(arch, amd64, arm64 string) string {
	if arch == "arm64" && arm64 != "" {
		return arm64
	}
	return amd64
}

func checkFunc(t *testing.T, table *sitetab.Table, name, params, places string) {
	t.Helper()
	for i := range table.Funcs {
		f := &table.Funcs[i]
		if f.Name != name {
			continue
		}
		got := paramText(f.Params)
		if len(f.Results) > 0 {
			got += "; " + paramText(f.Results)
		}
		if got != params {
			t.Errorf("%s has %q, want %q", name, got, params)
		}
		p := &f.Points[0]
		if p.Kind != sitetab.Entry || len(p.Sites) == 0 {
			t.Errorf("%s has no entry", name)
			return
		}
		// The first copy need not be the inlined one: one of them is right.
		var all []string
		for k := range p.Sites {
			l := table.Layout(p, k)
			if l == nil || l.Frame == 0 {
				t.Errorf("%s, entry at %#x: nothing is known", name, p.Sites[k])
				continue
			}
			if text := placeText(table.Arch, f.Params, l); text == places {
				return
			} else {
				all = append(all, text)
			}
		}
		t.Errorf("%s has its parameters in %q, want %s", name, all, places)
		return
	}
	t.Errorf("%s is not in the table", name)
}

var kindNames = map[sitetab.ValueKind]string{
	sitetab.Other: "other", sitetab.Int: "int", sitetab.Uint: "uint", sitetab.Bool: "bool", sitetab.Pointer: "pointer", sitetab.String: "string",
	sitetab.Slice: "slice", sitetab.Eface: "eface", sitetab.Iface: "iface", sitetab.Float: "float", sitetab.Complex: "complex",
}

func paramText(ps []sitetab.Param) string {
	var list []string
	for _, p := range ps {
		list = append(list, strings.TrimSpace(fmt.Sprintf("%s %s/%d", p.Name, kindNames[p.Kind], p.Size)))
	}
	return strings.Join(list, ", ")
}

// Results, at the last return. A is an address, s- a slot of the function's own frame.
var resultsWant = []struct{ fn, amd64, arm64 string }{
	{"main.constants", "$7 A,$3 $0,$0 $1 $0 $32768", ""},
	{"main.moved", "r1 r0", ""},
	{"main.named", "$0,$0", ""},
	{"main.words", "s4,s5 s0,s1", "s0,s1 s8,s9"}, // where the caller left room
	{"main.deferred", "? ?,?", ""},               // deferred functions may change them
	{"main.stored", "? s-,s-", ""},               // and here one can be seen
}

// memory returns what is at an address of a program.
func memory(t *testing.T, exe string, addr uint64, n int) string {
	t.Helper()
	f, err := elf.Open(exe)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	b := make([]byte, n)
	for _, p := range f.Progs {
		if o := addr - p.Vaddr; p.Type == elf.PT_LOAD && o < p.Filesz {
			p.ReadAt(b, int64(o)) //nolint:errcheck // the bytes tell
		}
	}
	return string(b)
}

func checkResults(t *testing.T, exe string, table *sitetab.Table, name, want string) {
	t.Helper()
	for i := range table.Funcs {
		f := &table.Funcs[i]
		if f.Name != name {
			continue
		}
		p := &f.Points[len(f.Points)-1]
		if p.Kind != sitetab.Return || len(p.Sites) == 0 {
			t.Fatalf("%s has no return", name)
		}
		l := table.Layout(p, 0)
		if got := placeText(table.Arch, f.Results, l); got != want {
			t.Errorf("%s, return at %#x, has its results in %s, want %s", name, p.Sites[0], got, want)
		}
		for _, p := range l.Places {
			if p.Kind == sitetab.Address {
				if got := memory(t, exe, uint64(p.N), 3); got != "abc" {
					t.Errorf("%s returns the address %#x, where there is %q", name, p.N, got)
				}
			}
		}
	}
}

// convention has the registers of integers in the order in which arguments get them
// (Go's internal ABI specification).
var convention = map[string][]int64{
	"amd64": {0, 3, 1, 7, 6, 8, 9, 10, 11}, // AX BX CX DI SI R8 R9 R10 R11
	"arm64": {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15},
}

func placeText(arch string, ps []sitetab.Param, l *sitetab.Layout) string {
	frame, at := int64(max(l.Frame, 0)), 0
	if arch == "arm64" {
		frame += 8 // where a call leaves room for the return address
	}
	one := func(p sitetab.Place) string {
		switch p.Kind {
		case sitetab.Register:
			for i, r := range convention[arch] {
				if r == p.N {
					return fmt.Sprint("r", i)
				}
			}
		case sitetab.FloatRegister:
			return fmt.Sprint("f", p.N)
		case sitetab.Stack:
			if p.N < frame {
				return "s-"
			}
			return fmt.Sprint("s", (p.N-frame)/8)
		case sitetab.Constant:
			return fmt.Sprint("$", p.N)
		case sitetab.Address:
			return "A"
		case sitetab.Unknown:
			return "?"
		}
		return fmt.Sprint(p)
	}
	var list []string
	for _, p := range ps {
		var ws []string
		for range p.Words() {
			w := "?"
			if at < len(l.Places) {
				w = one(l.Places[at])
			}
			ws = append(ws, w)
			at++
		}
		list = append(list, strings.Join(ws, ","))
	}
	return strings.Join(list, " ")
}

// TestNoArguments has debug information that is missing, damaged, or a twin's.
func TestNoArguments(t *testing.T) {
	good, pkgs := programOf(t, argsSource)
	data, err := os.ReadFile(good)
	if err != nil {
		t.Fatal(err)
	}
	file, err := elf.Open(good)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	damage := func(name string, f func(b []byte)) []byte {
		b := append([]byte(nil), data...)
		s := file.Section(name)
		f(b[s.Offset:][:s.FileSize])
		return b
	}
	half := func(b []byte) {
		for i := len(b) / 2; i < len(b); i++ {
			b[i] = 0xFF
		}
	}
	dir := t.TempDir()
	for name, b := range map[string][]byte{
		"info": damage(".debug_info", half), "abbrev": damage(".debug_abbrev", half), "lists": damage(".debug_loclists", half),
		"frame": damage(".debug_frame", half), "addr": damage(".debug_addr", half), "ranges": damage(".debug_rnglists", half),
	} {
		exe := filepath.Join(dir, name)
		if err := os.WriteFile(exe, b, 0o700); err != nil {
			t.Fatal(err)
		}
		r, err := Lay(exe, pkgs, Options{})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if r.NoArgs == "" && name == "info" {
			t.Errorf("%s: nobody says that it is damaged: %+v", name, r)
		}
		if table := tableOf(t, exe); table.NoArgs != r.NoArgs {
			t.Errorf("%s: the table says %q, the report %q", name, table.NoArgs, r.NoArgs)
		}
		starts(t, exe)
	}
}

func starts(t *testing.T, exe string) {
	t.Helper()
	if out, err := exec.Command(exe).CombinedOutput(); err != nil {
		t.Errorf("%s: %v, %q", exe, err, out)
	}
}
