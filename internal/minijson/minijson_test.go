package minijson

import (
	"bytes"
	"encoding/json"
	"math"
	"reflect"
	"strings"
	"sync"
	"testing"
)

// place has a field of each kind that is read, under names that differ in more than their case.
type place struct {
	Name    string   `json:"name"`
	Text    string   `json:"text,omitempty"`
	On      bool     `json:"on"`
	Off     bool     `json:"off,omitempty"`
	Int     int      `json:"int"`
	MayInt  int      `json:"mayInt,omitempty"`
	Long    int64    `json:"long"`
	MayLong int64    `json:"mayLong,omitempty"`
	Big     uint64   `json:"big"`
	MayBig  uint64   `json:"mayBig,omitempty"`
	List    []string `json:"list"`
	MayList []string `json:"mayList,omitempty"`
	Raw     Raw      `json:"raw"`
	MayRaw  Raw      `json:"mayRaw,omitempty"`
	Sub     *sub     `json:"sub,omitempty"`
}

func (p *place) JSON(c *Coder) {
	c.String("name", &p.Name, Always)
	c.String("text", &p.Text, NonZero)
	c.Bool("on", &p.On, Always)
	c.Bool("off", &p.Off, NonZero)
	c.Int("int", &p.Int, Always)
	c.Int("mayInt", &p.MayInt, NonZero)
	c.Int64("long", &p.Long, Always)
	c.Int64("mayLong", &p.MayLong, NonZero)
	c.Uint64("big", &p.Big, Always)
	c.Uint64("mayBig", &p.MayBig, NonZero)
	c.Strings("list", &p.List, Always)
	c.Strings("mayList", &p.MayList, NonZero)
	c.Raw("raw", &p.Raw, Always)
	c.Raw("mayRaw", &p.MayRaw, NonZero)
	s := p.Sub
	if s == nil {
		s = new(sub)
	}
	if c.Object("sub", p.Sub != nil, s.JSON) {
		p.Sub = s
	}
}

type sub struct {
	Name string `json:"name"`
	ID   uint64 `json:"id"`
}

func (s *sub) JSON(c *Coder) {
	c.String("name", &s.Name, Always)
	c.Uint64("id", &s.ID, Always)
}

// written has the kinds that are only written, besides.
type written struct {
	place
	Bytes    []byte      `json:"bytes"`
	MayBytes []byte      `json:"mayBytes,omitempty"`
	Subs     []sub       `json:"subs"`
	MaySubs  []sub       `json:"maySubs,omitempty"`
	Pairs    [][2]uint64 `json:"pairs"`
	MayPairs [][2]uint64 `json:"mayPairs,omitempty"`
}

func (w *written) JSON(c *Coder) {
	w.place.JSON(c)
	c.Bytes("bytes", w.Bytes, Always)
	c.Bytes("mayBytes", w.MayBytes, NonZero)
	c.Objects("subs", len(w.Subs), w.Subs == nil, Always, func(c *Coder, i int) { w.Subs[i].JSON(c) })
	c.Objects("maySubs", len(w.MaySubs), w.MaySubs == nil, NonZero, func(c *Coder, i int) { w.MaySubs[i].JSON(c) })
	pair := func(of [][2]uint64) func(int) (uint64, uint64) {
		return func(i int) (uint64, uint64) { return of[i][0], of[i][1] }
	}
	c.Pairs("pairs", len(w.Pairs), w.Pairs == nil, Always, pair(w.Pairs))
	c.Pairs("mayPairs", len(w.MayPairs), w.MayPairs == nil, NonZero, pair(w.MayPairs))
}

type object interface{ JSON(c *Coder) }

// sameWritten fails unless both write the same bytes.
func sameWritten(t *testing.T, v object) []byte {
	t.Helper()
	want, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	got, err := Append([]byte("x"), v.JSON)
	if err != nil || string(got) != "x"+string(want) {
		t.Errorf("\n%s, %v, want\nx%s", got, err, want)
	}
	return want
}

func TestAppend(t *testing.T) {
	all := written{
		place: place{
			Name: "a", Text: "b", On: true, Off: true, Int: math.MinInt, MayInt: -1, Long: math.MinInt64, MayLong: 1, Big: math.MaxUint64, MayBig: 1,
			List: []string{"a", ""}, MayList: []string{"<"}, Raw: Raw(`{"a":[1]}`), MayRaw: Raw(`1`), Sub: &sub{"n", 1},
		},
		Bytes: []byte{1}, MayBytes: []byte("abc"), Subs: []sub{{"a", 1}, {}}, MaySubs: []sub{{}},
		Pairs: [][2]uint64{{1, 2}, {3, math.MaxUint64}}, MayPairs: [][2]uint64{{}},
	}
	sameWritten(t, &all)
	sameWritten(t, &written{})
	sameWritten(t, &written{
		place: place{List: []string{}, MayList: []string{}, MayRaw: Raw{}},
		Bytes: []byte{}, MayBytes: []byte{}, Subs: []sub{}, MaySubs: []sub{}, Pairs: [][2]uint64{}, MayPairs: [][2]uint64{},
	})
	for n := range 20 {
		sameWritten(t, &written{Bytes: []byte(strings.Repeat("\xfb\xef\xbe\x00", 5))[:n]})
	}
}

// The race detector sees whether what is only read is written to.
func TestAppendChangesNothing(t *testing.T) {
	w := written{place: place{List: []string{"a"}, Raw: Raw("1"), Sub: &sub{}}, Subs: []sub{{}}}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			if _, err := Append(nil, w.JSON); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}

func TestAppendRefusesWhatIsNotJSON(t *testing.T) {
	for _, raw := range []string{`{`, `1 2`, "[1,\n2]", "[1,\r2]", ``, `nul`, strings.Repeat("[", MaxDepth+1) + strings.Repeat("]", MaxDepth+1)} {
		if b, err := Append([]byte("x"), (&place{Raw: Raw(raw)}).JSON); err == nil || string(b) != "x" {
			t.Errorf("%q: %q, %v", raw, b, err)
		}
	}
	if _, err := Append(nil, (&place{Raw: Raw(` [1, {"a" : 2}] `)}).JSON); err != nil {
		t.Error(err)
	}
}

func TestRead(t *testing.T) {
	deep := strings.Repeat("[", MaxDepth) + strings.Repeat("]", MaxDepth)
	for in, want := range map[string]string{ // part of the error; "" when it is read
		`{}`:     "",
		` null `: "",
		`{"name":"a\u00e9\ud83d\ude00\ud83d\"\\\/\b\f\n\r\t","int":-0,"big":0}`: "",
		`{"NAME":"a","İnt":1,"ON":true}`:                                        "",
		`{"li\u017ft":["a",null,""],"mayList":[]}`:                              "",
		`{"raw":null,"mayRaw":{"a":[1,2.5e+3,"x"]}}`:                            "",
		`{"raw": [ 1 , 2 ] }`:                                                   "",
		`{"other":{"name":[{"name":1}]},"name":"a"}`:                            "",
		`{"sub":{"name":"a","id":3,"more":1},"text":"b"}`:                       "",
		`{"sub":null,"name":null,"on":null,"int":null,"list":null,"big":null}`:  "",
		`{"other":` + deep[1:len(deep)-1] + `}`:                                 "",
		`{"other":` + deep + `}`:                                                "too deep",
		``:                                                                      "an object expected",
		`[]`:                                                                    "an object expected",
		`{"name":"a"`:                                                           "comma",
		`{"name":"a",}`:                                                         "after a comma",
		`{"name" "a"}`:                                                          "a name and a colon",
		`{name:"a"}`:                                                            "a name and a colon",
		`{"name":"a"}x`:                                                         "follows",
		`{"name":"a"} {}`:                                                       "follows",
		`{"name":1}`:                                                            "name has to be a string",
		`{"name":"` + "\n" + `"}`:                                               "name has to be a string",
		`{"name":"\x"}`:                                                         "name has to be a string",
		`{"name":"\u12g4"}`:                                                     "name has to be a string",
		`{"on":1}`:                                                              "on has to be true or false",
		`{"int":1.0}`:                                                           "whole number",
		`{"int":01}`:                                                            "comma",
		`{"int":-}`:                                                             "whole number",
		`{"int":9223372036854775808}`:                                           "whole number",
		`{"big":-1}`:                                                            "from 0 on",
		`{"list":"a"}`:                                                          "list has to be a list",
		`{"list":[1]}`:                                                          "list of strings",
		`{"name":"a","Name":"b"}`:                                               "twice",
		`{"sub":{"id":1,"id":1}}`:                                               "twice",
		`{"other":[1 2]}`:                                                       "comma",
		`{"other":+1}`:                                                          "a value expected",
		`{"other":nil}`:                                                         "a value expected",
		`{"other":"`:                                                            "does not end",
		`{"raw":}`:                                                              "a value expected",
	} {
		var p place
		err := Read([]byte(in), p.JSON)
		if want != "" {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v, want %q", in, err, want)
			}
			continue
		}
		var jp place
		if jerr := json.Unmarshal([]byte(in), &jp); err != nil || jerr != nil || !reflect.DeepEqual(p, jp) {
			t.Errorf("%s:\n%+v, %v, encoding/json has\n%+v, %v", in, p, err, jp, jerr)
		}
	}
}

func TestReadStrict(t *testing.T) {
	var p place
	if err := ReadStrict([]byte(`{"name":"a","where":1}`), p.JSON); err == nil || !strings.Contains(err.Error(), `unknown field "where"`) {
		t.Error(err)
	}
	if err := ReadStrict([]byte(`{"sub":{"where":1}}`), p.JSON); err == nil || !strings.Contains(err.Error(), `unknown field "where"`) {
		t.Error(err)
	}
	if err := ReadStrict([]byte(`{"sub":{"id":1},"name":"a"}`), p.JSON); err != nil {
		t.Error(err)
	}
}

// FuzzRead: what is read means the same to encoding/json, and comes back the same when it is written.
func FuzzRead(f *testing.F) {
	f.Add([]byte(`{"name":"a\u00e9\ud83d\ude00\ud83d","text":null,"on":true,"int":-5,"big":18446744073709551615}`))
	f.Add([]byte(`{"list":["a",null],"raw":{"a":[1,2.5e+3]},"sub":{"name":"b","id":3},"other":[{"x":null}]}`))
	f.Add([]byte(" {\t\"NAME\" : \"\xff\u2028<\" , \"mayRaw\" : [ ] }\r\n"))
	f.Fuzz(func(t *testing.T, in []byte) {
		for _, strict := range []bool{false, true} {
			var p, jp place
			d := json.NewDecoder(bytes.NewReader(in))
			if strict {
				d.DisallowUnknownFields()
			}
			err, jerr := read(in, p.JSON, strict), d.Decode(&jp)
			if err != nil {
				continue
			}
			if jerr != nil || d.More() || !reflect.DeepEqual(p, jp) {
				t.Fatalf("strict %v:\n%+v, encoding/json has\n%+v, %v", strict, p, jp, jerr)
			}
			// A Raw that is passed on is written without its spaces, and with more escapes, by encoding/json.
			if bytes.ContainsAny(in, "\r\n") {
				p.Raw, p.MayRaw = nil, nil
			}
			out, err := Append(nil, p.JSON)
			if err != nil {
				t.Fatal(err)
			}
			var same bytes.Buffer
			if err := json.Compact(&same, out); err != nil {
				t.Fatalf("%s: %v", out, err)
			}
			var escaped bytes.Buffer
			json.HTMLEscape(&escaped, same.Bytes())
			if want, err := json.Marshal(&p); err != nil || escaped.String() != string(want) {
				t.Fatalf("\n%s, want\n%s, %v", escaped.Bytes(), want, err)
			}
		}
	})
}

// FuzzAppend: what is written is what encoding/json writes, and it is read again.
func FuzzAppend(f *testing.F) {
	f.Add("a", "\x00\u2028\xff<>&", true, int64(-1), uint64(1), []byte("abc"), true)
	f.Fuzz(func(t *testing.T, name, text string, on bool, n int64, big uint64, data []byte, subs bool) {
		p := place{
			Name: name, Text: text, On: on, Off: !on, Int: int(n), MayInt: int(n), Long: n, MayLong: -n, Big: big, MayBig: big,
			List: []string{name, text}, Raw: AppendString(nil, text),
		}
		w := written{place: p, Bytes: data, MayBytes: data, Pairs: [][2]uint64{{big, uint64(n)}}}
		if subs {
			p.Sub = &sub{text, big}
			w.Subs = []sub{{name, big}, {text, 0}}
		}
		sameWritten(t, &w)
		line := sameWritten(t, &p)
		var back, jback place
		if err := ReadStrict(line, back.JSON); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		if err := json.Unmarshal(line, &jback); err != nil || !reflect.DeepEqual(back, jback) {
			t.Fatalf("%+v, encoding/json has %+v, %v", back, jback, err)
		}
	})
}

func TestRawIsLikeRawMessage(t *testing.T) {
	for _, in := range []string{`{"raw":[ 1 ]}`, `{"raw":null}`, `{}`} {
		var a struct {
			Raw Raw `json:"raw"`
		}
		var b struct {
			Raw json.RawMessage `json:"raw"`
		}
		if err := json.Unmarshal([]byte(in), &a); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal([]byte(in), &b); err != nil {
			t.Fatal(err)
		}
		outA, errA := json.Marshal(a)
		outB, errB := json.Marshal(b)
		if string(a.Raw) != string(b.Raw) || string(outA) != string(outB) || errA != nil || errB != nil {
			t.Errorf("%s: %s, %s and %s, %s", in, a.Raw, outA, b.Raw, outB)
		}
	}
}
