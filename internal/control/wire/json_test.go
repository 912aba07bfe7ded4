package wire

import (
	"encoding/json"
	"math/rand/v2"
	"reflect"
	"testing"

	"github.com/gkhi/gkhi/internal/hist"
	"github.com/gkhi/gkhi/internal/minijson"
)

type object interface{ JSON(c *minijson.Coder) }

// objects are of each type that goes over the wire.
var objects = []object{
	&Message{}, &Request{}, &ClientHello{}, &Hello{}, &End{}, &Error{}, &LsArgs{}, &ArmArgs{}, &ArmResult{}, &Skip{}, &FailArgs{},
	&FailResult{}, &ReleaseArgs{}, &ReleaseResult{}, &PrepareResult{}, &CancelArgs{}, &Hook{}, &EventType{}, &Field{}, &Site{}, &Param{}, &Arg{},
	&Handler{}, &Status{}, &Laid{}, &TraceSpec{}, &RecordSpec{}, &StatSpec{}, &Matched{}, &Event{}, &Call{}, &StatRow{}, &StatPart{}, &hist.Snapshot{},
}

// read are those that the process reads.
var read = []object{
	&Request{}, &ClientHello{}, &Hello{}, &LsArgs{}, &ArmArgs{}, &FailArgs{}, &ReleaseArgs{}, &CancelArgs{}, &TraceSpec{}, &RecordSpec{}, &StatSpec{},
}

// fill sets each field that JSON has, and those in it: all of them, or some by chance when r is not nil.
func fill(v reflect.Value, r *rand.Rand) {
	skip := func() bool { return r != nil && r.IntN(3) == 0 }
	number := func() uint64 {
		if r == nil {
			return 1
		}
		return r.Uint64() >> r.IntN(64)
	}
	switch {
	case v.Type() == reflect.TypeFor[Raw]():
		v.SetBytes([]byte(`{"a":[1,"b"]}`))
		return
	case v.Type() == reflect.TypeFor[[]byte]():
		v.SetBytes([]byte{1, 2})
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).Tag.Get("json") != "-" && !skip() {
				fill(v.Field(i), r)
			}
		}
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), r)
	case reflect.Slice:
		n := 2
		if r != nil {
			n = r.IntN(3)
		}
		v.Set(reflect.MakeSlice(v.Type(), n, n))
		for i := range n {
			fill(v.Index(i), r)
		}
	case reflect.String:
		v.SetString("text <\n>")
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int64:
		v.SetInt(int64(number()))
	case reflect.Uint64:
		v.SetUint(number())
	default:
		panic("no test for " + v.Type().String())
	}
}

// The lists of fields say what the tags do.
func TestJSONIsThatOfTheTags(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, of := range objects {
		typ := reflect.TypeOf(of).Elem()
		for round := range 100 {
			v := reflect.New(typ)
			switch round {
			case 0: // empty
			case 1:
				fill(v.Elem(), nil)
			default:
				fill(v.Elem(), r)
			}
			if h, ok := v.Interface().(*ClientHello); ok && h.Hello == nil {
				continue // it is only read
			}
			want, err := json.Marshal(v.Interface())
			if err != nil {
				t.Fatal(err)
			}
			if got, err := minijson.Append(nil, v.Interface().(object).JSON); err != nil || string(got) != string(want) {
				t.Fatalf("%v:\n%s, %v, want\n%s", typ, got, err, want)
			}
		}
	}
}

func TestJSONIsRead(t *testing.T) {
	for _, of := range read {
		v := reflect.New(reflect.TypeOf(of).Elem())
		fill(v.Elem(), nil)
		line, err := json.Marshal(v.Interface())
		if err != nil {
			t.Fatal(err)
		}
		back := reflect.New(v.Type().Elem())
		if err := minijson.ReadStrict(line, back.Interface().(object).JSON); err != nil || !reflect.DeepEqual(back.Interface(), v.Interface()) {
			t.Errorf("%s: %+v, %v", line, back.Interface(), err)
		}
	}
}

// FuzzRequests: what a process reads means the same to encoding/json.
func FuzzRequests(f *testing.F) {
	for _, of := range read {
		v := reflect.New(reflect.TypeOf(of).Elem())
		fill(v.Elem(), nil)
		line, err := json.Marshal(v.Interface())
		if err != nil {
			f.Fatal(err)
		}
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		for _, of := range read {
			v, jv := reflect.New(reflect.TypeOf(of).Elem()), reflect.New(reflect.TypeOf(of).Elem())
			if minijson.Read(line, v.Interface().(object).JSON) != nil {
				continue
			}
			if err := json.Unmarshal(line, jv.Interface()); err != nil || !reflect.DeepEqual(v.Interface(), jv.Interface()) {
				t.Fatalf("%+v, encoding/json has %+v, %v", v.Interface(), jv.Interface(), err)
			}
		}
	})
}
