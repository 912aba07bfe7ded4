package scan_test

import (
	"cmp"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gkhi/gkhi/internal/scan"
	"github.com/gkhi/gkhi/internal/scan/elfimage"
	"github.com/gkhi/gkhi/internal/testenv"
)

const fixture = "./testdata/fixture"

// Fixture keys by the names that the comments in testdata use.
var fixtureKeys = []struct {
	name   string
	symbol string
	offset uintptr
	bare   bool
}{
	{name: "flagA", symbol: "flagA"},
	{name: "flagB", symbol: "flagB"},
	{name: "flagC", symbol: "flagC"},
	{name: "flags", symbol: "flags", offset: 24},
	{name: "wordA", symbol: "wordA", bare: true},
	{name: "wordB", symbol: "wordB", bare: true},
	{name: "words", symbol: "words", bare: true},
}

// TestFixture compiles the fixture in every build mode and compares what each of
// its functions holds with the comment on it: "want: KEY next" is a guarded site
// whose body falls through, "KEY away" one whose body is out of line, "KEY bare" a
// bare site; "reject KEY" is a reference that is none, "address KEY" one that takes
// the address.
func TestFixture(t *testing.T) {
	modes := []struct {
		name  string
		flags []string
		env   []string
		cgo   bool
		same  string // the mode whose symbols are this one's, which has none
	}{
		{name: "default"},
		{name: "trimpath", flags: []string{"-trimpath"}},
		{name: "stripped", flags: []string{"-trimpath", "-ldflags=-s -w"}, same: "trimpath"},
		{name: "pie", flags: []string{"-buildmode=pie"}},
		{name: "cgo", flags: []string{"-tags=usecgo"}, cgo: true},
		{name: "external", flags: []string{"-tags=usecgo", "-ldflags=-linkmode=external"}, cgo: true},
		{name: "external pie", flags: []string{"-tags=usecgo", "-buildmode=pie", "-ldflags=-linkmode=external"}, cgo: true},
		{name: "c-shared", flags: []string{"-tags=usecgo", "-buildmode=c-shared"}, cgo: true},
		{name: "plugin", flags: []string{"-buildmode=plugin"}, cgo: true},
		{name: "arm64", env: []string{"GOARCH=arm64", "CGO_ENABLED=0"}},
		{name: "arm64 pie", flags: []string{"-buildmode=pie"}, env: []string{"GOARCH=arm64", "CGO_ENABLED=0"}},
	}
	want := fixtureWants(t)
	syms := map[string]map[string]uint64{}
	for _, m := range modes {
		t.Run(m.name, func(t *testing.T) {
			if m.name != "default" {
				testenv.Need(t, testenv.NotShort)
			}
			env := slices.Concat([]string{"GOOS=linux", "GOARCH=amd64"}, m.env)
			if m.cgo {
				testenv.Need(t, testenv.OS("linux"), testenv.Arch("amd64"), testenv.Tool("gcc"))
				env = append(env, "CGO_ENABLED=1")
			}
			im, err := elfimage.Open(testenv.BuildWith(t, testenv.BuildSpec{Pkg: fixture, Flags: m.flags, Env: env}))
			if err != nil {
				t.Fatal(err)
			}
			syms[m.name] = im.Syms
			if m.same != "" {
				if len(im.Syms) != 0 {
					t.Fatal("it has symbols")
				}
				im.Syms = syms[m.same]
			}
			keys, names := findFixtureKeys(t, im)
			res := im.Scan(&scan.Input{Keys: keys})
			for name, w := range want {
				if got := inFunction(im, res, names, name); !slices.Equal(got, w) {
					t.Errorf("%s holds %q, want %q", name, got, w)
				}
			}
			checkNoOthers(t, im, res, want)
			if m.name != "plugin" && len(m.env) == 0 {
				var funcs []*oracle
				for _, f := range im.Funcs {
					if o := newOracle(f.Entry, im.Code(f)); o != nil {
						funcs = append(funcs, o)
					}
				}
				checkOracle(t, funcs, keys, res)
			}
		})
	}
}

// fixtureWants reads the comments. Functions without one are to hold nothing.
func fixtureWants(t *testing.T) map[string][]string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(fixture, "main.go"), nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string][]string{}
	for _, d := range file.Decls {
		fn, ok := d.(*ast.FuncDecl)
		if !ok {
			continue
		}
		want[fn.Name.Name] = nil
		for line := range strings.Lines(fn.Doc.Text()) {
			head, items, ok := strings.Cut(strings.TrimSpace(line), ": ")
			name, isWant := strings.CutPrefix(head, "want")
			if !ok || !isWant {
				continue
			}
			name = cmp.Or(strings.TrimSpace(name), fn.Name.Name)
			want[name] = strings.Split(items, ", ")
			slices.Sort(want[name])
		}
	}
	if len(want) < 15 {
		t.Fatalf("only %d functions in the fixture", len(want))
	}
	return want
}

// findFixtureKeys returns the keys in ascending order of address, and their names.
func findFixtureKeys(t *testing.T, im *elfimage.Image) (keys []scan.Key, names []string) {
	t.Helper()
	byAddr := map[uintptr]string{}
	for _, k := range fixtureKeys {
		for symbol, a := range im.Syms {
			if !isFixture(symbol) || localName(symbol) != k.symbol {
				continue
			}
			key := scan.Key{Addr: uintptr(a) + k.offset, Size: 8, Bare: k.bare}
			if byAddr[key.Addr] == "" {
				keys = append(keys, key)
			}
			byAddr[key.Addr] = k.name
		}
	}
	if len(keys) != len(fixtureKeys) {
		t.Fatalf("found the keys %v", byAddr)
	}
	slices.SortFunc(keys, func(a, b scan.Key) int { return cmp.Compare(a.Addr, b.Addr) })
	for _, k := range keys {
		names = append(names, byAddr[k.Addr])
	}
	return keys, names
}

// localName strips package path and type arguments from a function's or variable's name.
func localName(name string) string {
	if i := strings.IndexByte(name, '['); i >= 0 {
		name = name[:i]
	}
	name = name[strings.LastIndexByte(name, '/')+1:]
	_, name, _ = strings.Cut(name, ".")
	return name
}

// inFunction lists what a function holds. All instances of a generic function have to hold
// the same.
func inFunction(im *elfimage.Image, res *scan.Result, keys []string, name string) []string {
	var first []string
	found := false
	for _, f := range im.Funcs {
		if !isFixture(f.Name) || localName(f.Name) != name {
			continue
		}
		held := describeIn(res, keys, f)
		if found && !slices.Equal(held, first) {
			return append(held, "unlike another instance: "+strings.Join(first, ", "))
		}
		first, found = held, true
	}
	return first // of a function that is always inlined, nothing
}

func isFixture(name string) bool {
	return strings.HasPrefix(name, "main.") || strings.Contains(name, "scan/testdata/fixture.")
}

func describeIn(res *scan.Result, keys []string, f elfimage.Func) (out []string) {
	in := func(pc uintptr) bool { return uint64(pc) >= f.Entry && uint64(pc) < f.End }
	for _, s := range res.Sites {
		if !in(s.Ref) {
			continue
		}
		d := keys[s.Key]
		switch {
		case s.Form == scan.Bare, s.Form == scan.BareGOT:
			d += " bare"
		case s.TakenDormant:
			d += " next"
		default:
			d += " away"
		}
		out = append(out, d)
	}
	for _, r := range res.Rejects {
		switch {
		case !in(r.Addr):
		case r.Reason != scan.AddressTaken:
			out = append(out, "reject "+keys[r.Key])
		case localName(f.Name) == "address": // elsewhere it is taken to call Fire
			out = append(out, "address "+keys[r.Key])
		}
	}
	slices.Sort(out)
	return out
}

// checkNoOthers finds sites and rejects in functions of which nothing is said.
func checkNoOthers(t *testing.T, im *elfimage.Image, res *scan.Result, want map[string][]string) {
	t.Helper()
	check := func(pc uintptr, what any) {
		f, ok := im.Find(uint64(pc))
		if _, named := want[localName(f.Name)]; !ok || !named || !isFixture(f.Name) {
			t.Errorf("%#x, in %s: %+v", pc, f.Name, what)
		}
	}
	for _, s := range res.Sites {
		check(s.Ref, s)
	}
	for _, r := range res.Rejects {
		if r.Reason != scan.AddressTaken {
			check(r.Addr, r)
		}
	}
}
