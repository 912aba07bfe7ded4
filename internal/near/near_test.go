package near

import (
	"slices"
	"strings"
	"testing"
)

func TestNames(t *testing.T) {
	hooks := []string{"kvd.commit", "kvd.commit-error", "kvd.read-delay", "kvd.rollback", "http.request", "http.response"}
	actions := []string{"off", "return", "panic", "sleep", "delay", "pause", "yield", "print"}
	for _, tt := range []struct {
		name  string
		known []string
		max   int
		want  string
	}{
		{"retrun", actions, 3, "return"},                                      // a swap is one edit
		{"RETURN", actions, 3, "return"},                                      // case
		{"slep", actions, 3, "sleep"},                                         // a missing letter
		{"of", actions, 3, "off"},                                             // short names
		{"ret", actions, 3, "return"},                                         // the beginning
		{"explode", actions, 3, ""},                                           // nothing alike
		{"x", actions, 3, ""},                                                 // one letter replaced is not a match
		{"kvd.comit", hooks, 1, "kvd.commit"},                                 // a whole dotted name
		{"comit", hooks, 3, "kvd.commit"},                                     // the last part alone
		{"commit", hooks, 3, "kvd.commit kvd.commit-error"},                   // exact last part, then containment
		{"kvd.commit-err", hooks, 3, "kvd.commit-error kvd.commit"},           // edits before containment
		{"commit", hooks, 1, "kvd.commit"},                                    // max
		{"commit", hooks, 0, ""},                                              //
		{"", hooks, 3, ""},                                                    //
		{strings.Repeat("commit", 1000), hooks, 3, ""},                        // not a typing mistake
		{"http.re", hooks, 3, "http.request http.response"},                   // equal: alphabetical
		{"größe", []string{"grösse", "größer", "länge"}, 3, "größer"},         // runes, not bytes
		{"kvd.commit", []string{"kvd.commit", "kvd.commit"}, 3, "kvd.commit"}, // no duplicates
	} {
		got := strings.Join(Names(tt.name, tt.known, tt.max), " ")
		if got != tt.want {
			t.Errorf("Names(%.20q, max %d) = %q, want %q", tt.name, tt.max, got, tt.want)
		}
	}
}

func TestQuestion(t *testing.T) {
	for _, tt := range []struct {
		name  string
		known []string
		want  string
	}{
		{"zzz", []string{"abc"}, ""},
		{"abd", []string{"abc"}, `did you mean "abc"?`},
		{"abd", []string{"abe", "abc"}, `did you mean "abc" or "abe"?`},
		{"abd", []string{"abe", "abc", "abf", "abg"}, `did you mean "abc", "abe" or "abf"?`},
	} {
		if got := Question(tt.name, tt.known); got != tt.want {
			t.Errorf("Question(%q, %q) = %s, want %s", tt.name, tt.known, got, tt.want)
		}
	}
}

func TestEdits(t *testing.T) {
	for _, tt := range []struct {
		a, b string
		want int
	}{
		{"", "", 0}, {"", "abc", 3}, {"abc", "", 3}, {"abc", "abc", 0},
		{"abc", "acb", 1}, {"kitten", "sitting", 3}, {"ca", "abc", 3},
	} {
		got := edits([]rune(tt.a), []rune(tt.b))
		back := edits([]rune(tt.b), []rune(tt.a))
		if got != tt.want || back != tt.want {
			t.Errorf("edits(%q, %q) = %d, and %d the other way, want %d", tt.a, tt.b, got, back, tt.want)
		}
	}
}

func FuzzNames(f *testing.F) {
	f.Add("retrun", "return sleep print")
	f.Add("kvd.comit", "kvd.commit kvd.commit-error")
	f.Fuzz(func(t *testing.T, name, list string) {
		known := strings.Fields(list)
		got := Names(name, known, 3)
		if len(got) > 3 {
			t.Fatalf("%d names, at most 3 were asked for", len(got))
		}
		for _, g := range got {
			if !slices.Contains(known, g) {
				t.Fatalf("%q is not one of %q", g, known)
			}
		}
	})
}
