package failpoint

import (
	"errors"
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	for _, tt := range []struct{ text, canonical string }{
		{"off", "off"},
		{"return", "return"},
		{"return()", "return"},
		{"return(1)", "return(1)"},
		{"return(-1.50e3)", "return(-1.50e3)"},
		{"return(true)", "return(true)"},
		{"return(null)", "return(null)"},
		{`return("")`, `return("")`},
		{`return("disk full")`, `return("disk full")`},
		{"return(`raw \\n \"text\"`)", `return("raw \\n \"text\"")`},
		{`return("tab\tand \x41 and \u00e4")`, "return(\"tab\\tand A and ä\")"},
		{`return("a\/b")`, `return("a/b")`},               // only JSON has this escape
		{`return("\ud83d\ude00 <&>")`, `return("😀 <&>")`}, // nor has Go surrogates
		{`return("->;)")`, `return("->;)")`},              // nothing in quotes is syntax
		{`return({ "a": [1, 2 ], "b" : ")" })`, `return({"a":[1,2],"b":")"})`},
		{"return([])->off", "return([])->off"},
		{"panic", "panic"},
		{`panic("boom")`, `panic("boom")`},
		{"panic(`boom`)", `panic("boom")`},
		{`print("a")->print`, `print("a")->print`},
		{`print("")`, "print"},
		{"sleep(50)", "sleep(50ms)"},
		{"sleep(0)", "sleep(0s)"},
		{"sleep(90s)", "sleep(1m30s)"},
		{`sleep( "50ms" )`, "sleep(50ms)"},
		{"sleep(1.5s)", "sleep(1.5s)"},
		{"delay(100us)", "delay(100µs)"},
		{"pause", "pause"},
		{"yield()", "yield"},
		{"30%return", "30%return"},
		{"100%return", "100%return"},
		{"0%return", "0%return"},
		{"0.1%return", "0.1%return"},
		{".50%return", "0.5%return"},
		{"5*return", "5*return"},
		{"0*return", "0*return"},
		{"30%5*return", "30%5*return"},
		{"5*30%return", "30%5*return"},
		{" 5 * 30 % return ( 1 ) -> off ", "30%5*return(1)->off"},
		{`30%return("disk full")->2*sleep(50ms)->off`, `30%return("disk full")->2*sleep(50ms)->off`},
		{"9223372036854775807*off", "9223372036854775807*off"},
	} {
		p, err := Parse(tt.text)
		if err != nil {
			t.Errorf("Parse(%s): %v", tt.text, err)
			continue
		}
		if got := p.String(); got != tt.canonical {
			t.Errorf("Parse(%s).String() = %s, want %s", tt.text, got, tt.canonical)
		}
		again, err := Parse(tt.canonical)
		if err != nil {
			t.Errorf("Parse of the canonical %s: %v", tt.canonical, err)
		} else if got := again.String(); got != tt.canonical {
			t.Errorf("the canonical %s turns into %s", tt.canonical, got)
		}
	}
}

func TestParseErrors(t *testing.T) {
	for _, tt := range []struct {
		text   string
		column int
		reason string // a part of it
	}{
		{"", 1, "an action is missing here: one of off, return, panic"},
		{"retrun", 1, `retrun: no such action; did you mean "return"?`},
		{"RETURN", 1, `did you mean "return"?`},
		{"none", 1, "none: no such action"},
		{"explode", 1, "there are off, return, panic, sleep, delay, pause, yield, print"},
		{"off->", 6, "an action is missing"},
		{"off->->off", 6, "an action is missing"},
		{"off off", 5, `"->" and another term, or the end, should follow off`},
		{"off-off", 4, "should follow off"},
		{"10return", 1, "a probability (10%) or a count (10*)"},
		{"10", 1, "a probability (10%) or a count (10*)"},
		{"10%", 4, "an action is missing"},
		{"101%return", 1, "101% is more than 100%"},
		{"-1%return", 1, "an action is missing"},
		{"1.2.3%return", 1, "1.2.3 is not a number"},
		{"0.00000000000000000001%off", 1, "too small ever to fire"},
		{"1%2%off", 3, "this is the second"},
		{"1*2*off", 3, "this is the second"},
		{"1.5*off", 1, "1.5 is not a whole number"},
		{"9223372036854775808*off", 1, "too large; leave it out"},
		{"off(1)", 5, "off takes no argument"},
		{"pause(1s)", 7, "pause takes no argument"},
		{"sleep", 6, "sleep needs a time: sleep(50ms)"},
		{"sleep()", 7, "sleep needs a time"},
		{"sleep(fast)", 7, "fast is not a time; write 50ms"},
		{"sleep(5m", 9, `")" is missing for the "(" in column 6`},
		{"sleep(-5ms)", 7, "a time of -5ms is negative"},
		{"sleep(99999999999999999999)", 7, "longer than a time can be"},
		{"delay(1s 2s)", 7, "1s 2s is not a time"},
		{"panic(boom)", 7, `the text of panic must be quoted: panic("…")`},
		{"print(1)", 7, `the text of print must be quoted`},
		{"return(disk full)", 8, `a text must be quoted: return("…")`},
		{`return("disk full)`, 8, "the text that begins here has no closing quote"},
		{"return(`disk full)", 8, "the text that begins here has no closing quote"},
		{`return({"a":1)`, 14, "not a JSON value"},
		{`return({"a":1`, 8, "has no end"},
		{"return(1 2)", 10, `")" is missing for the "(" in column 7`},
		{`return("\xff")`, 8, "not valid UTF-8"},
		{"off->\xff", 6, "not valid UTF-8 here"},
		{`print("ää")->ofv`, 14, `did you mean "off"?`}, // columns are characters
	} {
		_, err := Parse(tt.text)
		var syntax *SyntaxError
		if !errors.As(err, &syntax) {
			t.Errorf("Parse(%q): error %v, want a SyntaxError", tt.text, err)
			continue
		}
		if syntax.Column != tt.column || !strings.Contains(syntax.Reason, tt.reason) {
			t.Errorf("Parse(%q): column %d: %s\nwant column %d: …%s…", tt.text, syntax.Column, syntax.Reason, tt.column, tt.reason)
		}
	}
}

func TestSyntaxErrorText(t *testing.T) {
	_, err := Parse("off->of")
	const want = `failpoint term "off->of", column 6: of: no such action; did you mean "off"?`
	if err == nil || err.Error() != want {
		t.Errorf("got %v\nwant %s", err, want)
	}
}

func TestActionString(t *testing.T) {
	for a, want := range map[Action]string{None: "none", Off: "off", Print: "print", Print + 1: "action 9"} {
		if got := a.String(); got != want {
			t.Errorf("Action(%d) = %q, want %q", uint8(a), got, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{
		`30%return("disk full")->2*sleep(50ms)->off`, "5*.1%panic(`x`)", `return({"a":[1,null,"\ud800"]})`,
		`return("a\/b")`, "print(\"\x7f\")->yield->pause", "delay(1h2m)", "1%", "return(1e400)", "sleep(2562047h47m16.854775807s)",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		p, err := Parse(text)
		if err != nil {
			var syntax *SyntaxError
			if !errors.As(err, &syntax) {
				t.Fatalf("the error is %T", err)
			}
			if n := len([]rune(text)); syntax.Column < 1 || syntax.Column > n+1 {
				t.Fatalf("column %d of a text with %d characters: %v", syntax.Column, n, err)
			}
			return
		}
		canonical := p.String()
		again, err := Parse(canonical)
		if err != nil {
			t.Fatalf("%q has the canonical form %q, which is refused: %v", text, canonical, err)
		}
		if got := again.String(); got != canonical {
			t.Fatalf("%q has the canonical form %q, which turns into %q", text, canonical, got)
		}
		if _, err := Bind[any](p); err != nil && !strings.Contains(text, "e") {
			// Only numbers with exponents can be JSON and yet too large for Go.
			t.Fatalf("%q: %v", text, err)
		}
	})
}
