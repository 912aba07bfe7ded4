package glob

import (
	"errors"
	"path"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestMatch(t *testing.T) {
	for _, tt := range []struct {
		pattern string
		yes, no []string
	}{
		{"kv.commit", []string{"kv.commit"}, []string{"kv.commit2", "kv_commit", ""}},
		{"kv.*", []string{"kv.commit", "kv.", "kv.a.b/c"}, []string{"kv", "akv.x"}},
		{"*", []string{"", "a", "a/b.c"}, nil},
		{"**", []string{"", "a/b"}, nil},
		{"*.commit", []string{"kv.commit", ".commit", "a.commit.commit"}, []string{"commit", "kv.commits"}},
		{"a*b*c", []string{"abc", "axbxc", "abcbc"}, []string{"acb", "ab", "abcd"}},
		{"k?", []string{"kv", "ké"}, []string{"k", "kvx"}},
		{"[a-c]x", []string{"ax", "cx"}, []string{"dx", "x"}},
		{"[!a-c]x", []string{"dx", "éx"}, []string{"ax"}},
		{"[^a]x", []string{"bx"}, []string{"ax"}},
		{"[a-]x", []string{"ax", "-x"}, []string{"bx"}},
		{`[\]]x`, []string{"]x"}, []string{`\x`}},
		{`\*x`, []string{"*x", `\*x`}, []string{"ax"}},
		{"net/http.(*Server).Serve", []string{"net/http.(*Server).Serve"}, []string{"net/http.Serve"}},
		{"(*Server).*", []string{"(*Server).Serve"}, []string{"Server.Serve"}},
		{"slices.SortFunc[...]", []string{"slices.SortFunc[...]"}, []string{"slices.SortFunc.", "slices.SortFunc"}},
		{"slices.SortFunc", []string{"slices.SortFunc[...]", "slices.SortFunc"}, []string{"slices.SortFunc[int]", "slices.SortFunc[...].func1"}},
		{"m.(*Tree).Walk", []string{"m.(*Tree[...]).Walk"}, []string{"m.(*Tree[...]).Walk2", "m.(*Tree[..]).Walk"}},
		{"m.(*Tree).*", []string{"m.(*Tree[...]).Walk"}, []string{"m.(*Tree2[...]).Walk"}},
		{"gopkg.in/yaml.v3.*", []string{"gopkg.in/yaml%2ev3.Marshal"}, []string{"gopkg.in/yaml%2fv3.Marshal", "gopkg.in/yaml%2"}},
		{"gopkg.in/yaml.v3.Marshal", []string{"gopkg.in/yaml%2ev3.Marshal"}, []string{"gopkg.in/yaml%2ev3.MarshalX"}},
		{`gopkg.in/yaml%2ev3.F\[...]`, []string{"gopkg.in/yaml%2ev3.F[...]"}, nil},
		{"*.F[...]", []string{"a.F[...]"}, []string{"a.F."}},
		{"F[int]", []string{"F[int]", "Fi", "Fn"}, []string{"Fx"}},
	} {
		p, err := Compile(tt.pattern)
		if err != nil {
			t.Errorf("Compile(%q): %v", tt.pattern, err)
			continue
		}
		for _, name := range tt.yes {
			if !p.Match(name) {
				t.Errorf("%q does not match %q", tt.pattern, name)
			}
		}
		for _, name := range tt.no {
			if p.Match(name) {
				t.Errorf("%q matches %q", tt.pattern, name)
			}
		}
	}
}

func TestCompileErrors(t *testing.T) {
	for pattern, want := range map[string]string{
		"":                        "empty",
		"a[":                      "offset 1: a [ with no ]",
		"[]":                      "empty set",
		"[z-a]":                   "backwards",
		`a\`:                      `ends in \`,
		`[\`:                      "no ]",
		"[a-":                     "no ]",
		"a\xff":                   "UTF-8",
		strings.Repeat("a*", 600): "longer than 1024",
	} {
		_, err := Compile(pattern)
		var syntax *SyntaxError
		if !errors.As(err, &syntax) || !strings.Contains(err.Error(), want) {
			t.Errorf("Compile(%.20q) = %v, want an error with %q", pattern, err, want)
		}
	}
}

func TestLiteral(t *testing.T) {
	for pattern, want := range map[string]bool{"a.b": true, "F[...]": true, "a*": false, "a?": false, `a\b`: false, "[a]": false} {
		p, err := Compile(pattern)
		if err != nil {
			t.Fatal(err)
		}
		if p.Literal() != want {
			t.Errorf("%q: Literal is %v", pattern, p.Literal())
		}
	}
}

func TestQuote(t *testing.T) {
	names := []string{"net/http.(*Server).Serve", "net/http.(AServer).Serve", "f[...]", "f[int]", "fi", `a\b`, "ab", "a?", "plain"}
	for _, name := range names {
		p, err := Compile(Quote(name))
		if err != nil {
			t.Fatalf("%q: %v", name, err)
		}
		for _, other := range names {
			if p.Match(other) != (name == other) {
				t.Errorf("%q, quoted as %q, matches %q: %v", name, p, other, p.Match(other))
			}
		}
	}
}

func TestOnlyLeftOut(t *testing.T) {
	var syntax *SyntaxError
	if _, err := CompileSet([]string{"!a", "!b"}); !errors.As(err, &syntax) {
		t.Errorf("a set that only leaves out: %v", err)
	}
	if _, err := CompileSet([]string{"a", "!"}); !errors.As(err, &syntax) {
		t.Errorf("a pattern that is only an exclamation mark: %v", err)
	}
}

func TestSelect(t *testing.T) {
	names := []string{"a.x", "a.y", "b.x"}
	for _, tt := range []struct {
		patterns, want []string
		without        string
	}{
		{[]string{"a.*"}, []string{"a.x", "a.y"}, ""},
		{[]string{"*.x", "a.x"}, []string{"a.x", "b.x"}, ""},
		{[]string{"b.*", "c.*", "d"}, []string{"b.x"}, "c.*"},
		{nil, nil, ""},
		{[]string{"a.*", "!a.y"}, []string{"a.x"}, ""},
		{[]string{"!*.x", "a.*", "b.x"}, []string{"a.y"}, ""},
		{[]string{"*", "!*"}, nil, ""},
		{[]string{"*", "!c.*"}, []string{"a.x", "a.y", "b.x"}, "!c.*"},
		{[]string{"!a.x", "c", "a.*"}, []string{"a.y"}, "c"},
	} {
		set, err := CompileSet(tt.patterns)
		if err != nil {
			t.Fatal(err)
		}
		got, without := set.Select(names)
		src := ""
		if without != nil {
			src = without.String()
		}
		if !slices.Equal(got, tt.want) || src != tt.without {
			t.Errorf("%q selects %q without %q, want %q without %q", tt.patterns, got, src, tt.want, tt.without)
		}
		for _, name := range names {
			if set.Match(name) != slices.Contains(got, name) {
				t.Errorf("%q selects %q, and matches %s: %v", tt.patterns, got, name, set.Match(name))
			}
		}
	}
}

// A pattern of many stars takes exponential time in a matcher that backtracks to each of them.
func TestManyStars(t *testing.T) {
	p, err := Compile(strings.Repeat("a*", 500) + "b")
	if err != nil {
		t.Fatal(err)
	}
	if p.Match(strings.Repeat("a", 5000)) {
		t.Error("matched")
	}
}

// FuzzMatch compares with path.Match where both mean the same: names without slashes, and patterns without what is
// special to this package.
func FuzzMatch(f *testing.F) {
	f.Add("a*b?[c-e]", "axxbzd")
	f.Add("*a*b*", "ab")
	f.Add(`\*[!x]`, "*y")
	f.Fuzz(func(t *testing.T, pattern, name string) {
		p, err := Compile(pattern)
		if err != nil {
			return
		}
		got := p.Match(name)
		if pattern == name && !got {
			t.Fatalf("%q does not match itself", name)
		}
		for i := range len(name) + 1 {
			if got && utf8.ValidString(name) && !p.MayBegin(name[:i]) && !strings.ContainsAny(name, "[%") {
				t.Fatalf("%q matches %q, and it may not begin with %q", pattern, name, name[:i])
			}
		}
		same := !strings.ContainsAny(name, "/%") && !strings.Contains(name, "[...]") && !strings.Contains(pattern, "[...]") && !strings.Contains(pattern, "[!") &&
			pattern != name && !strings.Contains(name, "\xff")
		want, err := path.Match(pattern, name)
		if same && err == nil && got != want {
			t.Fatalf("%q on %q: %v, path.Match says %v", pattern, name, got, want)
		}
	})
}

func TestUsed(t *testing.T) {
	set, err := CompileSet([]string{"kv.*", "nothing", "!kv.put", "!none"})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]bool{"kv.*": true, "nothing": false, "!kv.put": true, "!none": false}
	n := 0
	for p, used := range set.Used([]string{"kv.get", "kv.put"}) {
		if n++; used != want[p.String()] {
			t.Errorf("%s: %v", p, used)
		}
	}
	if n != len(want) {
		t.Errorf("%d patterns", n)
	}
}

func TestMayBegin(t *testing.T) {
	for _, tt := range []struct {
		pattern, prefix string
		want            bool
	}{
		{"net/http.Get", "net/http.", true},
		{"net/http.Get", "net.", false},
		{"net/http.*", "fmt.", false},
		{"net/*.Get", "net/http.", true},
		{"net/*.Get", "net/", true},
		{"net/*.Get", "nets/", false},
		{"*.Get", "fmt.", true},
		{"example.com/x.(*T).*", "example.com/x.", true},
		{"example.com/x.(*T).*", "example.com/y.", false},
		{"example.com/x.(*T).*", "example.com/x.(*U", true}, // the star of (*T) is a star as well
		{"[ab]x.F", "bx.", true},
		{"[ab]x.F", "cx.", false},
		{"a?.F", "ab.", true},
		{"a", "a.", false},
		{"", "", true},
	} {
		p := &Pattern{}
		if tt.pattern != "" {
			var err error
			if p, err = Compile(tt.pattern); err != nil {
				t.Fatal(err)
			}
		}
		if got := p.MayBegin(tt.prefix); got != tt.want {
			t.Errorf("MayBegin(%q, %q) is %v", tt.pattern, tt.prefix, got)
		}
	}
}
