package eventjson

import (
	"fmt"
	"reflect"
	"strings"
	"sync"
	"time"

	"github.com/gkhi/gkhi/internal/control/wire"
)

// field is a field of a struct as it is shown.
type field struct {
	name     string
	index    int
	typ      reflect.Type
	duration bool // tagged as the event's duration
}

var fieldCache sync.Map // reflect.Type → []field

func fieldsOf(t reflect.Type) []field {
	if c, ok := fieldCache.Load(t); ok {
		return c.([]field)
	}
	var fs []field
	for i := range t.NumField() {
		sf := t.Field(i)
		name, _, _ := strings.Cut(sf.Tag.Get("json"), ",")
		pkg := sf.Type.PkgPath()
		if name == "-" || sf.Name == "_" || pkg == "sync" || pkg == "sync/atomic" {
			continue
		}
		if name == "" {
			name = sf.Name
		}
		fs = append(fs, field{name, i, sf.Type, sf.Tag.Get("gkhi") == "duration"})
	}
	c, _ := fieldCache.LoadOrStore(t, fs)
	return c.([]field)
}

// Describe returns the wire's description of an event type; nil for nil.
func Describe(t reflect.Type) *wire.EventType {
	if t == nil {
		return nil
	}
	et := &wire.EventType{Name: t.String()}
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	at := durationField(t)
	if t.Kind() != reflect.Struct || t == timeType {
		et.Fields = []wire.Field{{Type: t.String(), Duration: t == durationType}}
		return et
	}
	for _, f := range fieldsOf(t) {
		et.Fields = append(et.Fields, wire.Field{Name: f.name, Type: f.typ.String(), Duration: f.index == at})
	}
	return et
}

// durationField returns the index of the field that is an event's duration: the one with the tag gkhi:"duration", else the
// first of type time.Duration; -1 when there is none.
func durationField(t reflect.Type) int {
	if t.Kind() != reflect.Struct {
		return -1
	}
	first := -1
	for _, f := range fieldsOf(t) {
		if f.typ != durationType {
			continue
		}
		if f.duration {
			return f.index
		}
		if first < 0 {
			first = f.index
		}
	}
	return first
}

// Duration returns a function that gets the duration out of events of type t, or nil when they have none. The function
// is told ok=false for a nil pointer.
func Duration(t reflect.Type) func(ev any) (d time.Duration, ok bool) {
	if t == nil {
		return nil
	}
	if t == durationType {
		return func(ev any) (time.Duration, bool) { d, ok := ev.(time.Duration); return d, ok }
	}
	pointer := t.Kind() == reflect.Pointer
	if pointer {
		t = t.Elem()
	}
	at := durationField(t)
	if at < 0 {
		return nil
	}
	return func(ev any) (time.Duration, bool) {
		v := reflect.ValueOf(ev)
		if pointer {
			if v.IsNil() {
				return 0, false
			}
			v = v.Elem()
		}
		return time.Duration(v.Field(at).Int()), true
	}
}

var stringableCache sync.Map // reflect.Type → bool

// stringable reports whether a type's String method may be called: it has one, and its values have no pointers in them but those
// of strings and slices, so that the method can't take a lock.
func stringable(t reflect.Type) bool {
	if c, ok := stringableCache.Load(t); ok {
		return c.(bool)
	}
	ok := t.Implements(reflect.TypeFor[fmt.Stringer]()) && plain(t)
	stringableCache.Store(t, ok)
	return ok
}

func plain(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Struct:
		for i := range t.NumField() {
			if !plain(t.Field(i).Type) {
				return false
			}
		}
		return true
	case reflect.Array, reflect.Slice:
		return plain(t.Elem())
	case reflect.Pointer, reflect.Map, reflect.Chan, reflect.Func, reflect.Interface, reflect.UnsafePointer:
		return false
	}
	return true
}
