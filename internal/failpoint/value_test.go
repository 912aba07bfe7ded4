package failpoint

import (
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
	"testing"
	"time"
)

type reply struct {
	N    int
	Name string
	Tags []string
}

// bound returns what the first evaluation of a program answers, as text.
func bound[R any](text string) (string, error) {
	p, err := Parse(text)
	if err != nil {
		return "", err
	}
	b, err := Bind[R](p)
	if err != nil {
		return "", err
	}
	r, out := b.Eval()
	return fmt.Sprintf("%v %+v", out.Action, r), nil
}

func TestBind(t *testing.T) {
	for _, tt := range []struct {
		text string
		bind func(string) (string, error)
		want string // the answer, or the error after a !
	}{
		{"return", bound[int], "return 0"},
		{"return(3)", bound[int], "return 3"},
		{"return(-3)", bound[uint], "!return(-3) does not fit uint"},
		{"return(300)", bound[uint8], "!return(300) does not fit uint8"},
		{"return(3.5)", bound[int], "!return(3.5) does not fit int"},
		{"return(3.5)", bound[float64], "return 3.5"},
		{`return("3")`, bound[int], `!return("3") does not fit int`},
		{"return(3)", bound[string], "!return(3) does not fit string"},
		{`return("a\tb")`, bound[string], "return a\tb"},
		{"return(true)", bound[bool], "return true"},
		{`return({"n":1,"Name":"x"})`, bound[reply], "return {N:1 Name:x Tags:[]}"},
		{`return({"n":"1"})`, bound[reply], `!return({"n":"1"}) does not fit failpoint.reply: json: cannot unmarshal string into Go struct field reply.N of type int`},
		{`return({"m":1})`, bound[reply], `!return({"m":1}) does not fit failpoint.reply: json: unknown field "m"`},
		{"return(null)", bound[*reply], "return <nil>"},
		{"return([1,2])", bound[[]int], "return [1 2]"},
		{`return({"a":1})`, bound[any], "return map[a:1]"},
		{`return("disk full")`, bound[error], "return disk full"},
		{"return", bound[error], "return gkhi: failpoint"},
		{"return(null)", bound[error], "return gkhi: failpoint"},
		{"return(5)", bound[error], `!return(5) does not fit error: an error is given by its text, as in return("disk full")`},
		{`return("50ms")`, bound[time.Duration], "return 50ms"},
		{"return", bound[time.Duration], "return 0s"},
		{"return(50)", bound[time.Duration], `!return(50) does not fit time.Duration: a duration is given with its unit, as in return("50ms")`},
		{`return("fast")`, bound[time.Duration], `!return("fast") does not fit time.Duration: a duration is given with its unit, as in return("50ms")`},
		{"return", bound[io.Reader], "return <nil>"},
		{"return(1)", bound[io.Reader], "!return(1) does not fit io.Reader: no text stands for a value of an interface type"},
		// Every term is checked, not only the first; other actions fit any type.
		{`return(1)->off->return("x")`, bound[int], `!return("x") does not fit int`},
		{`panic("x")->sleep(1)`, bound[int], "panic 0"},
		{"off", bound[chan int], "off <nil>"},
	} {
		got, err := tt.bind(tt.text)
		if err != nil {
			got = "!" + err.Error()
		}
		if got != tt.want {
			t.Errorf("%s\n got %s\nwant %s", tt.text, got, tt.want)
		}
	}
}

func TestErrorTypes(t *testing.T) {
	b, err := Bind[error](mustParse(t, `return("disk full")`))
	if err != nil {
		t.Fatal(err)
	}
	got, _ := b.Eval()
	var injected *Error
	if !errors.As(fmt.Errorf("commit: %w", got), &injected) || injected.Text != "disk full" {
		t.Errorf("%#v can't be told from a real error", got)
	}

	_, err = Bind[time.Duration](mustParse(t, "return(1)"))
	var value *ValueError
	if !errors.As(err, &value) || value.Value != "1" || value.Type != "time.Duration" {
		t.Errorf("Bind's error is %#v", err)
	}
}

// What one caller does to its answer is not seen by the next.
func TestAnswersAreNotShared(t *testing.T) {
	b, err := Bind[reply](mustParse(t, `return({"Tags":["a"]})`))
	if err != nil {
		t.Fatal(err)
	}
	first, _ := b.Eval()
	first.Tags[0] = "changed"
	if second, _ := b.Eval(); second.Tags[0] != "a" {
		t.Errorf("the second answer has %q", second.Tags)
	}

	e, err := Bind[error](mustParse(t, `return("a")`))
	if err != nil {
		t.Fatal(err)
	}
	failure, _ := e.Eval()
	failure.(*Error).Text = "changed"
	if second, _ := e.Eval(); second.Error() != "a" {
		t.Errorf("the second error is %q", second)
	}
}

func TestShares(t *testing.T) {
	for _, tt := range []struct {
		v    any
		want bool
	}{
		{1, false}, {"", false}, {1.5, false}, {true, false}, {time.Second, false},
		{[2]int{}, false}, {[2][]int{}, true}, {struct{ A, B int }{}, false},
		{reply{}, true}, {&reply{}, true}, {[]byte{}, true}, {map[string]int{}, true}, {struct{ E error }{}, true},
	} {
		if got := shares(reflect.TypeOf(tt.v)); got != tt.want {
			t.Errorf("shares(%T) = %v", tt.v, got)
		}
	}
}

// Decode refuses what its caller may have received from elsewhere than Parse.
func TestDecodeBadJSON(t *testing.T) {
	for _, raw := range []string{"{", "nul", `"`} {
		if v, err := Decode[int]([]byte(raw)); err == nil || v != 0 || !strings.Contains(err.Error(), "does not fit int") {
			t.Errorf("Decode(%s) = %v, %v", raw, v, err)
		}
	}
}
