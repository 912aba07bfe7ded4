package eventjson

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gkhi/gkhi/internal/control/wire"
)

type color int

func (c color) String() string { return [...]string{"red", "green"}[c] }

type locker struct{ mu *sync.Mutex }

func (l locker) String() string { l.mu.Lock(); return "" }

type inner struct{ A, b int }

type event struct {
	Pages  int
	Took   time.Duration
	At     time.Time
	Err    error
	Color  color
	Secret string `json:"-"`
	Tagged string `json:"tag,omitempty"`
	Inner  inner
	hidden string
	_      int
	Mu     sync.Mutex
}

type loop struct{ Next any }

func TestAppend(t *testing.T) {
	var mu sync.Mutex
	mu.Lock()
	deep := loop{loop{loop{loop{loop{1}}}}}
	for name, tt := range map[string]struct {
		ev   any
		want string
	}{
		"struct": {
			&event{Pages: 3, Took: time.Millisecond, At: time.Unix(0, 5).UTC(), Err: errors.New(`disk "full"`), Color: 1, Secret: "x", Inner: inner{1, 2}, hidden: "h"},
			`{"Pages":3,"Took":1000000,"At":"1970-01-01T00:00:00.000000005Z","Err":"disk \"full\"","Color":"green","tag":"","Inner":{"A":1,"b":2},"hidden":"h"}`,
		},
		"nil":             {nil, `null`},
		"nil pointer":     {(*event)(nil), `null`},
		"int":             {-7, `-7`},
		"uint64":          {uint64(math.MaxUint64), `18446744073709551615`},
		"float":           {0.5, `0.5`},
		"large float":     {1e300, `1e+300`},
		"NaN":             {math.NaN(), `"NaN"`},
		"infinity":        {math.Inf(-1), `"-Inf"`},
		"complex":         {complex(1, -2), `"(1-2i)"`},
		"bool":            {true, `true`},
		"string":          {"a\"\\\n\t\r\x00\x7fé\xff", `"a\"\\\n\t\r\u0000\u007fé` + "\uFFFD\""},
		"duration":        {time.Second, `1000000000`},
		"text bytes":      {[]byte("key/é"), `"key/é"`},
		"binary":          {[]byte{0xff, 0x00}, `"0xff00"`},
		"no bytes":        {[]byte(nil), `null`},
		"byte array":      {[2]byte{1, 2}, `[1,2]`},
		"array":           {[2]string{"a", "b"}, `["a","b"]`},
		"map":             {map[string]int{"a": 1}, `"(map[string]int)"`},
		"nil map":         {map[string]int(nil), `null`},
		"nil func":        {(func())(nil), `null`},
		"error":           {errors.New("boom"), `"boom"`},
		"IP":              {net.IPv4(127, 0, 0, 1), `"127.0.0.1"`},
		"method panics":   {color(9), `"(eventjson.color) panicked: runtime error: index out of range [9] with length 2"`},
		"method may lock": {locker{&mu}, `{"mu":"(*sync.Mutex)(ADDR)"}`},
		"inner pointer":   {struct{ P *int }{new(int)}, `{"P":"(*int)(ADDR)"}`},
		"deep":            {deep, `{"Next":{"Next":{"Next":"…"}}}`},
	} {
		got := string(Append(nil, tt.ev))
		got = address(got)
		if got != tt.want {
			t.Errorf("%s:\n got %s\nwant %s", name, got, tt.want)
		}
		if !json.Valid([]byte(got)) {
			t.Errorf("%s: not JSON: %s", name, got)
		}
	}
}

// address replaces an address, which differs from run to run.
func address(s string) string {
	i := strings.Index(s, "(0x")
	if i < 0 {
		return s
	}
	return s[:i] + "(ADDR)" + s[i+strings.IndexByte(s[i:], ')')+1:]
}

func TestBounds(t *testing.T) {
	many := make([]string, 1000)
	for i := range many {
		many[i] = strings.Repeat("é", 2000)
	}
	type wide struct{ A, B, C, D, E, F, G, H, I, J, K, L, M, N, O, P, Q, R, S, T string }
	var w wide
	v := reflect.ValueOf(&w).Elem()
	for i := range v.NumField() {
		v.Field(i).SetString(many[0])
	}
	for name, ev := range map[string]any{
		"slice": many, "string": many[0], "binary": make([]byte, 100<<10), "wide": w, "text bytes": []byte(many[0]),
		"0xff": []byte(strings.Repeat("\xff", 5000)), "ints": make([]int, 1000), "nested": [][]string{many, many, many},
	} {
		got := Append(nil, ev)
		if len(got) > MaxBytes+4*maxText {
			t.Errorf("%s: %d bytes", name, len(got))
		}
		if !json.Valid(got) {
			t.Errorf("%s: not JSON: %.200s", name, got)
		}
		if !strings.Contains(string(got), ellipsis) {
			t.Errorf("%s: nothing says that it is cut", name)
		}
	}
}

func TestDescribe(t *testing.T) {
	type two struct {
		Wait time.Duration
		Took time.Duration `gkhi:"duration"`
	}
	for name, tt := range map[string]struct {
		typ  reflect.Type
		want *wire.EventType
	}{
		"nil": {nil, nil},
		"struct": {reflect.TypeFor[inner](), &wire.EventType{Name: "eventjson.inner", Fields: []wire.Field{
			{Name: "A", Type: "int"}, {Name: "b", Type: "int"}}}},
		"pointer, tag": {reflect.TypeFor[*two](), &wire.EventType{Name: "*eventjson.two", Fields: []wire.Field{
			{Name: "Wait", Type: "time.Duration"}, {Name: "Took", Type: "time.Duration", Duration: true}}}},
		"int":      {reflect.TypeFor[int](), &wire.EventType{Name: "int", Fields: []wire.Field{{Type: "int"}}}},
		"duration": {reflect.TypeFor[time.Duration](), &wire.EventType{Name: "time.Duration", Fields: []wire.Field{{Type: "time.Duration", Duration: true}}}},
	} {
		if got := Describe(tt.typ); !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%s: %+v, want %+v", name, got, tt.want)
		}
	}
}

func TestDuration(t *testing.T) {
	type ev struct{ Took time.Duration }
	if Duration(reflect.TypeFor[inner]()) != nil || Duration(nil) != nil {
		t.Error("a type without a duration has one")
	}
	for _, tt := range []struct {
		typ  reflect.Type
		ev   any
		want time.Duration
		ok   bool
	}{
		{reflect.TypeFor[ev](), ev{5}, 5, true},
		{reflect.TypeFor[*ev](), &ev{6}, 6, true},
		{reflect.TypeFor[*ev](), (*ev)(nil), 0, false},
		{durationType, time.Duration(7), 7, true},
	} {
		d, ok := Duration(tt.typ)(tt.ev)
		if d != tt.want || ok != tt.ok {
			t.Errorf("%v: %v, %v", tt.typ, d, ok)
		}
	}
}

// Fields of events may hold anything that a client sent; the result has to be JSON in any case.
func FuzzAppend(f *testing.F) {
	f.Add("text", []byte("bytes"), 1.5, int64(3))
	f.Add("\xff\u2028", []byte{0xc3}, math.Inf(1), int64(math.MinInt64))
	f.Fuzz(func(t *testing.T, s string, b []byte, x float64, n int64) {
		type ev struct {
			S string
			B []byte
			X float64
			N int64
			E error
			L []any
		}
		got := Append(nil, ev{s, b, x, n, fmt.Errorf("%s", s), []any{s, b, x, n}})
		if !json.Valid(got) {
			t.Fatalf("not JSON: %q", got)
		}
	})
}

func BenchmarkAppend(b *testing.B) {
	ev := struct {
		Pages int
		Took  time.Duration
		Key   string
	}{3, time.Millisecond, "users/4711"}
	var buf []byte
	b.ReportAllocs()
	for b.Loop() {
		buf = Append(buf[:0], ev)
	}
}
