package gkhi

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"

	"github.com/gkhi/gkhi/internal/glob"
)

func TestNames(t *testing.T) {
	for _, tt := range []struct {
		name   string
		saying string // of the error; "" if the name is good
	}{
		{"a", ""},
		{"kvd.commit", ""},
		{"kvd.(T).commit", ""},
		{"net.http-2_0:x@y+z~!#$&|^", ""},
		{"größe.数", ""},
		{"9", ""},
		{strings.Repeat("x", 256), ""},
		{"", "needs a name"},
		{strings.Repeat("x", 257), "256 bytes"},
		{"-x", "flag"},
		{"a b", `' '`},
		{"a/b", `'/'`},
		{"a*", `'*'`},
		{"a?", `'?'`},
		{"[a]", `'['`},
		{"{a,b}", `'{'`},
		{"a,b", `','`},
		{"a;b", `';'`},
		{"a=b", `'='`},
		{`a"b`, `'"'`},
		{"a'b", `'\''`},
		{"a`b", "'`'"},
		{"a%b", `'%'`},
		{"a->b", `'>'`},
		{"a\nb", `'\n'`},
		{"a\x00b", `'\x00'`},
		{"a\x7fb", `'\x7f'`},
		{"a\u009bb", `'\u009b'`}, // CSI: escape sequences for a terminal begin with it
		{"a\u202eb", `'\u202e'`}, // turns the direction of the text
		{"a\u00a0b", `'\u00a0'`}, // a space that doesn't look like one
		{"a\xffb", "valid UTF-8"},
	} {
		h := new(Hook[int])
		err := panicOf(func() { Declare(h, tt.name, "") })
		if err == nil {
			undeclare(t, tt.name)
		}
		good := newHook[int](t)
		_, err2 := good.Register(tt.name, func(int) Verdict { return Continue })
		if tt.saying == "" {
			if err != nil || err2 != nil {
				t.Errorf("%q: Declare: %v, Register: %v", tt.name, err, err2)
			}
			continue
		}
		if text := fmt.Sprint(err); !strings.Contains(text, "gkhi: declare: ") || !strings.Contains(text, tt.saying) {
			t.Errorf("%q: Declare panics with %v, which doesn't say %s", tt.name, err, tt.saying)
		}
		if h.Name() != "" {
			t.Errorf("%q: the hook is declared all the same", tt.name)
		}
		wantError(t, err2, ErrInvalid, "handler", tt.saying)
	}
}

func panicOf(f func()) (value any) {
	defer func() { value = recover() }()
	f()
	return nil
}

func TestDeclareTwice(t *testing.T) {
	h := newHook[int](t)
	var other Hook[string]
	got := fmt.Sprint(panicOf(func() { Declare(&other, h.Name(), "") }))
	for _, want := range []string{h.Name(), "declared twice", "helpers_test.go:"} {
		if !strings.Contains(got, want) {
			t.Errorf("a name that is taken: panic with %q, which doesn't say %q", got, want)
		}
	}
	if other.Name() != "" || other.Fire("x") != Continue {
		t.Error("the other hook is declared all the same")
	}
	name := uniqueName(t)
	got = fmt.Sprint(panicOf(func() { Declare(h, name, "") }))
	for _, want := range []string{h.Name(), name, "already"} {
		if !strings.Contains(got, want) {
			t.Errorf("a hook that has a name: panic with %q, which doesn't say %q", got, want)
		}
	}
	if _, err := Lookup(name); !errors.Is(err, ErrUnknown) {
		t.Errorf("Lookup(%q): %v", name, err)
	}
	if in := h.Info(); in.Event != reflect.TypeFor[int]() {
		t.Errorf("the first declaration was changed: %+v", in)
	}
}

func wantUnknown(t *testing.T, name string, near ...string) {
	t.Helper()
	hook, err := Lookup(name)
	var unknown *UnknownError
	if !errors.As(err, &unknown) || !errors.Is(err, ErrUnknown) || hook != nil {
		t.Fatalf("Lookup(%q) = %v, %v, want an *UnknownError", name, hook, err)
	}
	if unknown.Name != name || !slices.Equal(unknown.Near, near) {
		t.Errorf("Lookup(%q): name %q, near %q, want near %q", name, unknown.Name, unknown.Near, near)
	}
}

func TestLookup(t *testing.T) {
	type event struct{ N int }
	h := new(Hook[event])
	d := new(Decision[event, error])
	p := new(Point)
	c := new(Chain[event])
	Declare(h, "lookuptest.commit", "")
	DeclareDecision(d, "lookuptest.commit-error", "")
	DeclarePoint(p, "lookuptest.parsed", "")
	DeclareChain(c, "lookuptest.shutting-down", "")
	for _, a := range []AnyHook{h, d, p, c} {
		undeclare(t, a.Name())
		got, err := Lookup(a.Name())
		if err != nil || got != a {
			t.Errorf("Lookup(%q) = %v, %v", a.Name(), got, err)
		}
	}
	// The type is found again by assertion, and only the right one.
	found, err := Lookup("lookuptest.commit")
	must(t, err)
	if _, ok := found.(*Hook[event]); !ok {
		t.Errorf("a %T is no *Hook[event]", found)
	}
	if _, ok := found.(*Hook[struct{ n int }]); ok {
		t.Error("a hook is one of another event type")
	}
	wantUnknown(t, "lookuptest.comit", "lookuptest.commit")
	wantUnknown(t, "lookuptest.commit-eror", "lookuptest.commit-error", "lookuptest.commit")
	wantUnknown(t, "lookuptest.Commit", "lookuptest.commit", "lookuptest.commit-error")
	wantUnknown(t, "qqqqqqqqqqqqqqqqqqqqqqqq")
	wantUnknown(t, "")
}

func TestHooks(t *testing.T) {
	names := func() (names []string) {
		for in := range Hooks() {
			names = append(names, in.Name)
		}
		return names
	}
	before := names()
	for _, n := range []string{"hookstest.b", "hookstest.c", "hookstest.a"} {
		Declare(new(Hook[int]), n, "")
		undeclare(t, n)
	}
	after := names()
	if !slices.IsSorted(after) {
		t.Errorf("not ordered by name: %q", after)
	}
	added := slices.DeleteFunc(slices.Clone(after), func(n string) bool { return slices.Contains(before, n) })
	if want := []string{"hookstest.a", "hookstest.b", "hookstest.c"}; !slices.Equal(added, want) {
		t.Errorf("new are %q, want %q", added, want)
	}
	n := 0
	for range Hooks() { // stopping early is allowed
		if n++; n == 2 {
			break
		}
	}
	// Declaring while it is being ranged over is allowed, and not seen.
	for in := range Hooks() {
		if in.Name == "hookstest.a" {
			Declare(new(Hook[int]), "hookstest.aa", "")
			undeclare(t, "hookstest.aa")
		}
		if in.Name == "hookstest.aa" {
			t.Error("saw a hook that was declared after Hooks began")
		}
	}
}

func TestRegistryConcurrently(t *testing.T) {
	var wg sync.WaitGroup
	var declared [8]string
	for g := range declared {
		declared[g] = uniqueName(t)
		wg.Go(func() {
			for i := range 20 {
				if i == 10 {
					Declare(new(Hook[int]), declared[g], "")
				}
				for range Hooks() {
				}
				if _, err := Lookup(declared[g]); (err == nil) != (i >= 10) {
					t.Errorf("round %d: Lookup says %v", i, err)
				}
			}
		})
	}
	wg.Wait()
	for _, name := range declared {
		undeclare(t, name)
	}
}

// One of several that declare a name at once gets it.
func TestDeclareRace(t *testing.T) {
	name := uniqueName(t)
	var mu sync.Mutex
	panics := 0
	hs := make([]Hook[int], 8)
	var wg sync.WaitGroup
	for i := range hs {
		wg.Go(func() {
			if panicOf(func() { Declare(&hs[i], name, "") }) != nil {
				mu.Lock()
				panics++
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	undeclare(t, name)
	named := 0
	for i := range hs {
		if hs[i].Name() == name {
			named++
		}
	}
	if panics != len(hs)-1 || named != 1 {
		t.Errorf("%d panicked and %d got the name, of %d", panics, named, len(hs))
	}
}

// Whatever the name, Declare makes a hook or panics with its own message, and Register makes a handler or says ErrInvalid; and
// they agree. What they accept can be written in a list, a pattern and FailEnv.
func FuzzNames(f *testing.F) {
	for _, s := range []string{"a", "", "a b", "kvd.commit-error", "a/b", "\xff", "\u2028", "-", "->", strings.Repeat("é", 200)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, name string) {
		var d Decision[int, error]
		p := panicOf(func() { DeclareDecision(&d, name, "") })
		other := newHook[int](t)
		_, err := other.Register(name, func(int) Verdict { return Continue })
		if p != nil {
			if text, ok := p.(string); !ok || !strings.HasPrefix(text, "gkhi: ") {
				t.Fatalf("Declare panics with %v", p)
			}
			if strings.Contains(p.(string), "declared twice") {
				return // the name of another test's hook
			}
			if !utf8.ValidString(p.(string)) || !errors.Is(err, ErrInvalid) {
				t.Fatalf("Declare panics with %q, Register says %v", p, err)
			}
			return
		}
		undeclare(t, name)
		if err != nil {
			t.Fatalf("Declare takes it, Register says %v", err)
		}
		if found, err := Lookup(name); err != nil || found != AnyHook(&d) {
			t.Fatalf("Lookup: %v, %v", found, err)
		}
		if p, err := glob.Compile(name); err != nil || !p.Literal() || !p.Match(name) {
			t.Fatalf("as a pattern: %v", err)
		}
		t.Setenv(FailEnv, " "+name+" = return(\"x\") ; ")
		if err := FailFromEnv(); err != nil {
			t.Fatalf("in %s: %v", FailEnv, err)
		}
		if !d.Armed() {
			t.Fatal("the failpoint is not in force")
		}
		if err := Fail(name, "off"); err != nil {
			t.Fatal(err)
		}
	})
}
