package draw

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/gkhi/gkhi/internal/hist"
)

func TestSafe(t *testing.T) {
	for in, want := range map[string]string{
		"":                      "",
		"kvd.commit":            "kvd.commit",
		"net/http.(*S).F[...]":  "net/http.(*S).F[...]",
		"größer 漢字 🙂 \uFFFD":    "größer 漢字 🙂 \uFFFD",
		"\x1b[31mred\x1b[0m":    `\x1b[31mred\x1b[0m`,
		"a\nb\rc\td\x00\x7f":    `a\nb\rc\td\x00\x7f`,
		"\u009b31m":             `\u009b31m`, // the one-character form of ESC [
		"user\u202Etxt.exe":     `user\u202etxt.exe`,
		"zero\u200bwidth\ufeff": `zero\u200bwidth\ufeff`,
		"line\u2028sep\u00a0":   `line\u2028sep\u00a0`,
		"bad\xffbyte\xc3":       `bad\xffbyte\xc3`,
		"tag\U000e0041":         `tag\U000e0041`,
		"\uFFFD\x1b":            "\uFFFD" + `\x1b`,
	} {
		if got := Safe(in); got != want {
			t.Errorf("Safe(%q) = %q, want %q", in, got, want)
		}
	}
}

func FuzzSafe(f *testing.F) {
	f.Add("plain")
	f.Add("\x1b]0;title\a\u202e\xff\uFFFD")
	f.Fuzz(func(t *testing.T, s string) {
		got := Safe(s)
		if !utf8.ValidString(got) {
			t.Fatalf("Safe(%q) = %q is not UTF-8", s, got)
		}
		for _, r := range got {
			if r != utf8.RuneError && unsafeRune(r) {
				t.Fatalf("Safe(%q) = %q keeps %U", s, got, r)
			}
		}
		if Safe(got) != got {
			t.Fatalf("Safe(%q) = %q is not safe", s, got)
		}
	})
}

func TestSafeJSON(t *testing.T) {
	for in, want := range map[string]string{
		`{"a":1}`:                `{"a":1}`,
		"{\"a\":\"\u009b\"}":     `{"a":"\u009b"}`,
		"\"\u202e\U000e0041\"":   `"\u202e\udb40\udc41"`,
		"\"a\xffb\x7f\uFFFD\"":   "\"a\\ufffdb\\u007f\uFFFD\"",
		"{\n\t\"a\": \"größe\"}": `{  "a": "größe"}`,
	} {
		if got := string(SafeJSON([]byte(in))); got != want {
			t.Errorf("SafeJSON(%q) = %q, want %q", in, got, want)
		}
	}
}

func FuzzSafeJSON(f *testing.F) {
	f.Add([]byte("{\"a\":\"\u202e\U000e0041 \xff\\u001b\"}"))
	f.Add([]byte("[1, 2\n]"))
	f.Fuzz(func(t *testing.T, text []byte) {
		if !json.Valid(text) {
			return
		}
		got := SafeJSON(text)
		var before, after any
		if err := json.Unmarshal(text, &before); err != nil {
			t.Skip(err)
		}
		if err := json.Unmarshal(got, &after); err != nil {
			t.Fatalf("SafeJSON(%q) = %q: %v", text, got, err)
		}
		if b, a := fmt.Sprint(before), fmt.Sprint(after); b != a {
			t.Fatalf("SafeJSON(%q) = %q means %q, not %q", text, got, a, b)
		}
		if s := string(got); Safe(s) != s {
			t.Fatalf("SafeJSON(%q) = %q is not safe", text, got)
		}
	})
}

func TestWidthAndCut(t *testing.T) {
	for _, tt := range []struct {
		in    string
		width int
		cut   string // to 4 columns
	}{
		{"", 0, ""},
		{"abcd", 4, "abcd"},
		{"abcde", 5, "abc…"},
		{"漢字漢", 6, "漢…"},
		{"e\u0301e\u0301", 2, "e\u0301e\u0301"},
		{"…█▏→", 4, "…█▏→"},
		{"🙂🙂🙂", 6, "🙂…"},
	} {
		if got := Width(tt.in); got != tt.width {
			t.Errorf("Width(%q) = %d, want %d", tt.in, got, tt.width)
		}
		if got := Cut(tt.in, 4); got != tt.cut {
			t.Errorf("Cut(%q, 4) = %q, want %q", tt.in, got, tt.cut)
		}
	}
	if got := Cut("ab", 0); got != "" {
		t.Errorf("Cut to nothing = %q", got)
	}
}

func TestDuration(t *testing.T) {
	for ns, want := range map[int64]string{
		0:                            "0ns",
		870:                          "870ns",
		999:                          "999ns",
		1000:                         "1µs",
		1234:                         "1.23µs",
		12345:                        "12.3µs",
		99960:                        "100µs",
		999_400:                      "999µs",
		999_600:                      "1ms",
		1_200_000:                    "1.2ms",
		45_600_000_000:               "45.6s",
		59_990_000_000:               "60s",
		723_000_000_000:              "12m3s",
		-1234:                        "-1.23µs",
		int64(30 * time.Hour):        "30h0m0s",
		math.MinInt64:                Duration(math.MinInt64 + 1),
		int64(-25 * time.Nanosecond): "-25ns",
	} {
		if got := Duration(ns); got != want {
			t.Errorf("Duration(%d) = %q, want %q", ns, got, want)
		}
	}
}

func TestRateAgePlural(t *testing.T) {
	for v, want := range map[float64]string{
		0: "0", 0.25: "0.25", 0.2: "0.2", 1: "1.0", 12.54: "12.5", 1234.4: "1234", math.Inf(1): "-",
	} {
		if got := Rate(v); got != want {
			t.Errorf("Rate(%v) = %q, want %q", v, got, want)
		}
	}
	if got := Rate(math.NaN()); got != "-" {
		t.Errorf("Rate(NaN) = %q", got)
	}
	for d, want := range map[time.Duration]string{
		-time.Second:                       "0s",
		42500 * time.Millisecond:           "42s",
		3*time.Minute + 12*time.Second:     "3m12s",
		5*time.Hour + 7*time.Minute + 1:    "5h7m",
		12*24*time.Hour + 4*time.Hour + 59: "12d4h",
	} {
		if got := Age(d); got != want {
			t.Errorf("Age(%v) = %q, want %q", d, got, want)
		}
	}
	for n, want := range map[int]string{0: "0 hooks", 1: "1 hook", 2: "2 hooks"} {
		if got := Plural(n, "hook"); got != want {
			t.Errorf("Plural(%d) = %q", n, got)
		}
	}
}

func TestTable(t *testing.T) {
	style := NewStyle(true)
	table := func() *Table {
		t := &Table{Columns: []Column{{Title: "NAME"}, {Title: "CALLS", Right: true}, {Title: "DOC"}}}
		t.Row("kvd.commit", "12345678", "a transaction was committed")
		t.Row("evil\x1b[2J", "0")
		return t
	}
	check := func(got []string, want ...string) {
		t.Helper()
		if !slices.Equal(got, want) {
			t.Errorf("got:\n%q\nwant:\n%q", got, want)
		}
	}
	check(table().Lines(0),
		"NAME            CALLS  DOC",
		"kvd.commit   12345678  a transaction was committed",
		`evil\x1b[2J         0`)
	check(table().Lines(30),
		"NAME            CALLS  DOC",
		"kvd.commit   12345678  a tran…",
		`evil\x1b[2J         0`)
	for _, width := range []int{1, 5, 12, 30, 200} {
		for _, line := range table().Lines(width) {
			if Width(line) > width {
				t.Errorf("%q is wider than %d", line, width)
			}
		}
	}
	styled := table()
	styled.Title = style.Title
	styled.Columns[0].Style = style.Name
	check(styled.Lines(0)[:2],
		"\x1b[1mNAME            CALLS  DOC\x1b[0m",
		"\x1b[36mkvd.commit \x1b[0m  12345678  a transaction was committed")
	if got := styled.Lines(8)[1]; got != "kvd.com…" {
		t.Errorf("a line that is cut is %q, with no style left open", got)
	}
	if n := table().Len(); n != 2 {
		t.Errorf("%d rows", n)
	}
}

func TestHistogram(t *testing.T) {
	var h hist.Histogram
	for range 303 {
		h.Record(140_000)
	}
	for range 12 {
		h.Record(70_000)
	}
	h.Record(600_000)
	want := []string{
		"65.5µs …  131µs  12 █▏",
		" 131µs …  262µs 303 " + strings.Repeat("█", 30),
		" 262µs …  524µs   0",
		" 524µs … 1.05ms   1 ▏",
	}
	if got := Histogram(h.Snapshot(), 50, Style{}); !slices.Equal(got, want) {
		t.Errorf("got:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	h.Record(3)
	want = append([]string{
		"   2ns …    4ns   1 ▏",
		"     ⋮",
	}, want...)
	if got := Histogram(h.Snapshot(), 50, Style{}); !slices.Equal(got, want) {
		t.Errorf("with a gap, got:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if lines := Histogram(hist.Snapshot{}, 80, Style{}); len(lines) != 0 {
		t.Errorf("an empty histogram is %q", lines)
	}
	// What a broken target may send: bounds that no duration has, and out of order.
	odd := hist.Snapshot{Count: 3, Buckets: []hist.Bucket{{Low: math.MaxUint64, Count: 1}, {Low: 0, Count: 1}, {Low: 1 << 63, Count: 1}}}
	if lines := Histogram(odd, 20, NewStyle(true)); len(lines) != 1 || !strings.Contains(lines[0], "█") {
		t.Errorf("an odd histogram is %q", lines)
	}
}

func TestBar(t *testing.T) {
	for _, tt := range []struct {
		n, most uint64
		want    string
	}{
		{0, 8, ""}, {8, 8, "██"}, {4, 8, "█"}, {1, 8, "▎"}, {1, 1000, "▏"}, {0, 0, ""}, {9, 8, "██"}, {5, 8, "█▎"},
	} {
		if got := Bar(tt.n, tt.most, 2); got != tt.want {
			t.Errorf("Bar(%d of %d) = %q, want %q", tt.n, tt.most, got, tt.want)
		}
	}
}

func TestScreen(t *testing.T) {
	var out bytes.Buffer
	rows := 4
	s := NewScreen(&out, func() (int, int) { return 20, rows })
	step := func(want string, draw func([]string) error, lines ...string) {
		t.Helper()
		out.Reset()
		if err := draw(lines); err != nil {
			t.Fatal(err)
		}
		if out.String() != want {
			t.Errorf("wrote %q, want %q", out.String(), want)
		}
	}
	step("a\x1b[K\nb\x1b[K\n\x1b[J", s.Draw, "a", "b")
	step("\r\x1b[2Ac\x1b[K\n\x1b[J", s.Draw, "c")
	step("\r\x1b[1A1\x1b[K\n2\x1b[K\n…\x1b[K\n\x1b[J", s.Draw, "1", "2", "3", "4")
	step("\r\x1b[3A1\x1b[K\n2\x1b[K\n3\x1b[K\n4\x1b[K\n\x1b[J", s.Final, "1", "2", "3", "4")
	step("x\x1b[K\n\x1b[J", s.Draw, "x")
	if s.Columns() != 20 {
		t.Errorf("%d columns", s.Columns())
	}
}

func TestName(t *testing.T) {
	const parse = "github.com/nats-io/nats-server/v2/server.(*client).parse"
	for _, tt := range []struct {
		name  string
		width int
		want  string
	}{
		{parse, 80, parse},
		{parse, 56, parse},
		{parse, 55, "github.com/…/server.(*client).parse"},
		{parse, 34, "…/server.(*client).parse"},
		{parse, 23, "server.(*client).parse"},
		{parse, 12, "…ient).parse"},
		{parse, 1, "…"},
		{parse, 0, ""},
		{"main.(*server).handle", 10, "…r).handle"},
		{"example.com/a/b.Map[go.shape.string,example.com/x/y.T]", 48, "…/b.Map[go.shape.string,example.com/x/y.T]"},
		{"日本語.関数", 6, "….関数"},
	} {
		got := Name(tt.name, tt.width)
		if got != tt.want || Width(got) > tt.width {
			t.Errorf("Name(%q, %d) = %q, want %q", tt.name, tt.width, got, tt.want)
		}
	}
}

func TestTableNames(t *testing.T) {
	table := Table{Columns: []Column{{Title: "FUNCTION", Names: true}, {Title: "CALLS", Right: true}}}
	table.Row("example.com/a/long/path/to/pkg.Function", "12")
	table.Row("main.main", "1")
	for width, want := range map[int][]string{
		60: {"FUNCTION                                 CALLS", "example.com/a/long/path/to/pkg.Function     12", "main.main                                    1"},
		36: {"FUNCTION                       CALLS", "example.com/…/pkg.Function        12", "main.main                          1"},
		10: {"FUNCTION …", "…/pkg.Fun…", "main.main…"},
	} {
		if got := table.Lines(width); !slices.Equal(got, want) {
			t.Errorf("in %d columns: %q, want %q", width, got, want)
		}
	}
}

func TestShort(t *testing.T) {
	for name, want := range map[string]string{
		"go.etcd.io/etcd/server/v3/etcdserver.(*EtcdServer).Put": "etcdserver.(*EtcdServer).Put",
		"github.com/nats-io/jwt/v2.(*Account).Validate":          "jwt/v2.(*Account).Validate",
		"gopkg.in/yaml%2ev3.Unmarshal":                           "yaml%2ev3.Unmarshal",
		"example.com/a/f.Map[example.com/b/c.T]":                 "f.Map[example.com/b/c.T]",
		"v2/v3.F":                                                "v2/v3.F",
		"v3.F":                                                   "v3.F",
		"a/v.F":                                                  "v.F",
		"main.run":                                               "main.run",
		"kvd.commit":                                             "kvd.commit",
		"a/":                                                     "a/",
		"":                                                       "",
		"net/http.Get":                                           "http.Get",
	} {
		if got := Short(name); got != want {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
}

// TestNames holds that names stay apart, in whatever order they come.
func TestNames(t *testing.T) {
	n := NewNames()
	for _, name := range []string{"a/x.F", "b/x.F", "a/x.G", "a/x.F", "c/x.F"} {
		n.Add(name)
	}
	for name, want := range map[string]string{"a/x.F": "a/x.F", "b/x.F": "b/x.F", "c/x.F": "c/x.F", "a/x.G": "x.G", "d/y.H": "y.H"} {
		if got := n.Of(name); got != want {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
	if got := n.Of("e/y.H"); got != "e/y.H" || n.Of("d/y.H") != "d/y.H" {
		t.Errorf("%q, %q", got, n.Of("d/y.H"))
	}
	var none *Names
	if none.Add("a/x.F"); none.Of("a/x.F") != "a/x.F" {
		t.Error("nil shortens")
	}
}
