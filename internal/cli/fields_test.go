package cli

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/gkhi/gkhi/internal/cli/draw"
)

func TestFormatFields(t *testing.T) {
	durations := map[string]bool{"Took": true, "": true}
	long := strings.Repeat("x", 300)
	for in, want := range map[string]string{
		``:                              "",
		`null`:                          "",
		`{}`:                            "",
		`{"A":1,"B":"x","C":true}`:      "A=1 B=x C=true",
		`{"B":2,"A":1}`:                 "B=2 A=1",
		`{"Took":1500000}`:              "Took=1.5ms",
		`{"Took":"a while"}`:            `Took="a while"`,
		`{"Took":1.5}`:                  "Took=1.5",
		`{"S":"","N":null,"T":"null"}`:  `S="" N=null T="null"`,
		`{"S":"a=b","Q":"say \"hi\""}`:  `S="a=b" Q="say \"hi\""`,
		`{"S":"a\tb\u001b[1m"}`:         `S="a\tb\x1b[1m"`,
		`{"In": {"X": [1, 2]}}`:         `In={"X":[1,2]}`,
		`{"two words":1,"a=b":2}`:       `"two words"=1 "a=b"=2`,
		`{"A":1,"A":2}`:                 "A=1 A=2",
		`"a key"`:                       `"a key"`,
		`1500`:                          "1.5µs", // of a hook of time.Duration
		`[1, 2]`:                        "[1,2]",
		`{"L":"` + long + `"}`:          "L=" + long[:longestValue-1] + "…",
		`{"broken":`:                    `{"broken":`,
		`{"a":1`:                        `{"a":1`,
		"{\"a\":\"\u202e\"}\x1b[2J":     `a="\u202e"`,
		"\x1b[2J":                       `\x1b[2J`,
		`{"path":"C:\\temp","url":"é"}`: `path="C:\\temp" url=é`,
	} {
		if got := formatFields(json.RawMessage(in), durations); got != want {
			t.Errorf("formatFields(%s) = %s, want %s", in, got, want)
		}
	}
}

func FuzzFormatFields(f *testing.F) {
	f.Add([]byte(`{"A":1,"Took":12,"S":"a b","In":{"X":[1,"\u001b"]}}`))
	f.Add([]byte("\"\x1b\""))
	f.Add([]byte(`[`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		got := formatFields(raw, map[string]bool{"Took": true})
		if draw.Safe(got) != got {
			t.Fatalf("formatFields(%q) = %q is not safe to show", raw, got)
		}
		pairs, err := objectPairs(raw)
		if err == nil && len(pairs) > 0 && !strings.Contains(got, "=") {
			t.Fatalf("formatFields(%q) = %q has no field", raw, got)
		}
	})
}
