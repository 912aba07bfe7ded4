package gobuild

import (
	"slices"
	"strings"
	"testing"
)

func TestParseArgs(t *testing.T) {
	for _, tt := range []struct {
		verb, line string
		want       Args
		flags      string
	}{
		{"build", "", Args{Min: -1, Serve: true}, ""},
		{
			"build", "-hooks ./...,net/http -o x -race -hooks-min=0 -tags a,b ./cmd/x ./cmd/y",
			Args{Hooks: []string{"./...", "net/http"}, Min: 0, Serve: true, Packages: []string{"./cmd/x", "./cmd/y"}},
			"-o=x -race -tags=a,b",
		},
		{
			"build", "-C /tmp --v=true -ldflags -s -hooks-serve=false .",
			Args{Min: -1, Dir: "/tmp", Packages: []string{"."}}, "-v=true -ldflags=-s",
		},
		{
			"run", "-trace main.* a.go b.go -x c.go",
			Args{Min: -1, Serve: true, Trace: []string{"main.*"}, Packages: []string{"a.go", "b.go"}, Rest: []string{"-x", "c.go"}}, "",
		},
		{
			"run", "./cmd/x ./data -hooks y",
			Args{Min: -1, Serve: true, Packages: []string{"./cmd/x"}, Rest: []string{"./data", "-hooks", "y"}}, "",
		},
		{
			"test", "-count 1 ./a ./b -run X -hooks=c -update -x y",
			Args{Min: -1, Serve: true, Hooks: []string{"c"}, Packages: []string{"./a", "./b"}, Rest: []string{"-update", "-x", "y"}},
			"-count=1 -run=X",
		},
		{
			"test", "-short ./a -args -hooks b",
			Args{Min: -1, Serve: true, Packages: []string{"./a"}, Rest: []string{"-args", "-hooks", "b"}}, "-short",
		},
		{"test", "-test.v ./a", Args{Min: -1, Serve: true, Packages: []string{"./a"}}, "-test.v"},
	} {
		a, err := ParseArgs(tt.verb, strings.Fields(tt.line))
		if err != nil {
			t.Errorf("%s %s: %v", tt.verb, tt.line, err)
			continue
		}
		var flags []string
		for _, f := range a.Flags {
			flags = append(flags, f.String())
		}
		if got := strings.Join(flags, " "); got != tt.flags {
			t.Errorf("%s %s: the go command's flags are %q, want %q", tt.verb, tt.line, got, tt.flags)
		}
		same := a.Min == tt.want.Min && a.Serve == tt.want.Serve && a.Dir == tt.want.Dir &&
			slices.Equal(a.Hooks, tt.want.Hooks) && slices.Equal(a.Trace, tt.want.Trace) &&
			slices.Equal(a.Packages, tt.want.Packages) && slices.Equal(a.Rest, tt.want.Rest)
		if !same {
			t.Errorf("%s %s: %+v, want %+v", tt.verb, tt.line, *a, tt.want)
		}
	}
}

func TestParseArgsErrors(t *testing.T) {
	for _, tt := range []struct{ verb, line, want string }{
		{"build", "-hooks", "needs a value"},
		{"build", "-o", "needs a value"},
		{"build", "-hooks-min x", "whole number"},
		{"build", "-hooks-min=-1", "whole number"},
		{"build", "-hooks-serve=maybe", "true or false"},
		{"build", "-trace x", "gkhi run"},
		{"test", "-toolexec=x", "uses itself"},
	} {
		if _, err := ParseArgs(tt.verb, strings.Fields(tt.line)); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s %s: error %v, want one about %q", tt.verb, tt.line, err, tt.want)
		}
	}
}

// FuzzParseArgs holds that no argument of the go command gets lost.
func FuzzParseArgs(f *testing.F) {
	f.Add("test", "-count 1 ./a -x=b -- -y")
	f.Add("run", "-race x.go y.go z")
	f.Fuzz(func(t *testing.T, verb, line string) {
		words := strings.Split(line, " ")
		for _, w := range words {
			name, _, _ := strings.Cut(strings.TrimLeft(w, "-"), "=")
			if slices.Contains([]string{"hooks", "hooks-min", "hooks-serve", "trace", "toolexec", "C"}, name) {
				t.Skip("has a flag of ours")
			}
		}
		a, err := ParseArgs(verb, words)
		if err != nil {
			return
		}
		var kept strings.Builder
		for _, f := range a.Flags {
			kept.WriteString(f.String() + " ")
		}
		kept.WriteString(strings.Join(append(a.Packages, a.Rest...), " "))
		for _, w := range words {
			if !strings.HasPrefix(w, "-") && !strings.Contains(kept.String(), w) {
				t.Errorf("%q became %q: %q is missing", line, kept.String(), w)
			}
		}
	})
}

func TestGcflags(t *testing.T) {
	a, err := ParseArgs("build", []string{"-gcflags=-m", "-gcflags", "all=-N -l", "-gcflags=./x/...=-S", "-gcflags=std=", "-gcflags=net/...=-d=x"})
	if err != nil {
		t.Fatal(err)
	}
	user := gcflags(a.Flags)
	for _, tt := range []struct {
		p    pkg
		want string
	}{
		{pkg{ImportPath: "m", Dir: "/m"}, "-N -l"},
		{pkg{ImportPath: "m/x/y", Dir: "/m/x/y", DepOnly: true}, "-S"},
		{pkg{ImportPath: "m/xy", Dir: "/m/xy", DepOnly: true}, "-N -l"},
		{pkg{ImportPath: "fmt", Standard: true, DepOnly: true}, ""},
		{pkg{ImportPath: "net", Standard: true, DepOnly: true}, "-d=x"},
		{pkg{ImportPath: "net/http", Standard: true, DepOnly: true}, "-d=x"},
	} {
		if got := effective(user, &tt.p, "/m"); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.p.ImportPath, got, tt.want)
		}
	}
	if got := effective(user[:1], &pkg{ImportPath: "m"}, "/m"); got != "-m" {
		t.Errorf("a package that is named: %q, want -m", got)
	}
	if got := effective(user[:1], &pkg{ImportPath: "m", DepOnly: true}, "/m"); got != "" {
		t.Errorf("a package that is not named: %q, want nothing", got)
	}
}

func TestGoflags(t *testing.T) {
	for _, tt := range []struct {
		goflags string
		words   []string
		without string // -mod and -toolexec
	}{
		{"", nil, ""},
		{" -mod=mod\t-race ", []string{"-mod=mod", "-race"}, "-race"},
		{"'-gcflags=all=-N -l' -v", []string{"-gcflags=all=-N -l", "-v"}, "'-gcflags=all=-N -l' -v"},
		{`-v "-toolexec=gkhi toolexec -hooks ./..." --mod=vendor`, []string{"-v", "-toolexec=gkhi toolexec -hooks ./...", "--mod=vendor"}, "-v"},
		{`"-ldflags=-X 'main.a=b c'"`, []string{"-ldflags=-X 'main.a=b c'"}, `"-ldflags=-X 'main.a=b c'"`},
		{"'-ldflags=-s", []string{"-ldflags=-s"}, "-ldflags=-s"},
	} {
		if got := splitFlags(tt.goflags); !slices.Equal(got, tt.words) {
			t.Errorf("%s: %q, want %q", tt.goflags, got, tt.words)
		}
		if got := withoutFlags(tt.goflags, words("mod toolexec")); got != tt.without {
			t.Errorf("%s: without -mod and -toolexec %q, want %q", tt.goflags, got, tt.without)
		}
	}
}

func TestMatchPath(t *testing.T) {
	for _, tt := range []struct {
		pattern, path string
		want          bool
	}{
		{"a/b", "a/b", true}, {"a/b", "a/bc", false}, {"a/...", "a", true}, {"a/...", "a/b/c", true},
		{"a/...", "ab", false}, {"a...c", "abbc", true}, {"a...c", "abbd", false}, {"...", "x/y", true},
		{"a/.../z", "a/b/z", true}, {"a/.../z", "a/b/zz", false}, {"a...b...c", "axbxc", true}, {"a...b...c", "axc", false},
	} {
		if got := matchPath(tt.pattern, tt.path); got != tt.want {
			t.Errorf("%q matches %q: %v, want %v", tt.pattern, tt.path, got, tt.want)
		}
	}
}
