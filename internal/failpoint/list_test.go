package failpoint

import (
	"strings"
	"testing"
	"unicode"
)

func TestParseList(t *testing.T) {
	for _, tt := range []struct {
		text string
		want string // FormatList of the result, or the error after a !
	}{
		{"", ""},
		{" ; ;\n;", ""},
		{"a=off", "a=off"},
		{" a = off ; ", "a=off"},
		{
			`kvd.commit-error=10%return("disk full");kvd.read-delay=sleep(5ms)`,
			`kvd.commit-error=10%return("disk full");kvd.read-delay=sleep(5ms)`,
		},
		{"a=off\nb=yield", "a=off;b=yield"},
		{`a=return("x;y");b=off`, `a=return("x;y");b=off`},
		{`a=return("x\";y");b=off`, `a=return("x\";y");b=off`},
		{"a=return(`x\\`);b=return(`;`)", `a=return("x\\");b=return(";")`},
		{`a=return({"k;":"v;="});b=off`, `a=return({"k;":"v;="});b=off`},
		{"a=off\n->yield", `a=off!"->yield": an entry is written name=term`},
		{"off", `!"off": an entry is written name=term`},
		{"=off", `!"=off": an entry is written name=term`},
		{"a b=off", `!"a b=off": the name before = has a ' ' in it`},
		{`a->return("x=y")`, `!"a->return(\"x=y\")": the name before = has a '>' in it`},
		{"a=retrun", `!a: failpoint term "retrun", column 1: retrun: no such action; did you mean "return"?`},
		{"a=", `!a: failpoint term "", column 1: an action is missing here: one of off, return, panic, sleep, delay, pause, yield, print`},
		{"a=off;b=off;a=yield", "a=off;b=off!a is set twice; chain the terms with -> instead"},
		{`a=return("x;b=off`, `!a: failpoint term "return(\"x;b=off", column 8: the text that begins here has no closing quote`},
		// All that is wrong is told at once, and what is right is still there.
		{"a=of;b=off;c", `b=off!a: failpoint term "of", column 1: of: no such action; did you mean "off"?` + "\n" + `"c": an entry is written name=term`},
	} {
		list, err := ParseList(tt.text)
		got := FormatList(list)
		if err != nil {
			got += "!" + err.Error()
		}
		if got != tt.want {
			t.Errorf("ParseList(%q)\n got %s\nwant %s", tt.text, got, tt.want)
		}
	}
}

func FuzzParseList(f *testing.F) {
	for _, s := range []string{
		`kvd.commit-error=10%return("disk full");kvd.read-delay=sleep(5ms)`,
		"a=return(`;`);b=return(\"\\\";\")\nc=off", `a=return({"k":";"})`, "=;=;", `a="`,
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		list, err := ParseList(text)
		if err != nil {
			return
		}
		canonical := FormatList(list)
		again, err := ParseList(canonical)
		if err != nil {
			t.Fatalf("%q has the canonical form %q, which is refused: %v", text, canonical, err)
		}
		if got := FormatList(again); got != canonical {
			t.Fatalf("%q has the canonical form %q, which turns into %q", text, canonical, got)
		}
		if len(list) == 0 && strings.ContainsFunc(text, unicode.IsLetter) {
			t.Fatalf("%q is ignored", text)
		}
	})
}
