package eventjson

import (
	"encoding/hex"
	"fmt"
	"math"
	"reflect"
	"strconv"
	"time"
	"unicode/utf8"
)

// The bounds of what is shown.
const (
	MaxBytes  = 16 << 10 // of an event, roughly: no value is begun beyond it
	maxText   = 1 << 10  // bytes of a string
	maxElems  = 64       // of a slice or array
	maxDepth  = 4        // structs and slices in each other
	maxBinary = 128      // bytes that are not text
)

const ellipsis = "…"

// Append appends ev as JSON to b. It never fails: what it can't show it names by its type.
func Append(b []byte, ev any) []byte {
	v := reflect.ValueOf(ev)
	if v.IsValid() && v.Kind() == reflect.Pointer && !v.IsNil() && !v.Type().Implements(errorType) {
		v = v.Elem()
	}
	e := encoder{b: b, limit: len(b) + MaxBytes}
	e.value(v, 0)
	return e.b
}

type encoder struct {
	b     []byte
	limit int // of len(b), beyond which no value is begun
}

var (
	errorType    = reflect.TypeFor[error]()
	timeType     = reflect.TypeFor[time.Time]()
	durationType = reflect.TypeFor[time.Duration]()
)

func (e *encoder) value(v reflect.Value, depth int) {
	if !v.IsValid() {
		e.raw("null")
		return
	}
	if depth > maxDepth || len(e.b) > e.limit {
		e.text(ellipsis)
		return
	}
	if e.special(v) {
		return
	}
	switch v.Kind() {
	case reflect.Bool:
		e.b = strconv.AppendBool(e.b, v.Bool())
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		e.b = strconv.AppendInt(e.b, v.Int(), 10)
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		e.b = strconv.AppendUint(e.b, v.Uint(), 10)
	case reflect.Float32, reflect.Float64:
		e.float(v.Float(), v.Type().Bits())
	case reflect.Complex64, reflect.Complex128:
		e.text(strconv.FormatComplex(v.Complex(), 'g', -1, v.Type().Bits()))
	case reflect.String:
		e.text(v.String())
	case reflect.Struct:
		e.object(v, depth)
	case reflect.Slice, reflect.Array:
		e.list(v, depth)
	case reflect.Interface:
		e.value(v.Elem(), depth+1)
	case reflect.Map:
		if v.IsNil() {
			e.raw("null")
			return
		}
		e.text("(" + v.Type().String() + ")")
	default: // Pointer, Func, Chan, UnsafePointer
		if v.IsNil() {
			e.raw("null")
			return
		}
		e.text(fmt.Sprintf("(%s)(%#x)", v.Type(), v.Pointer()))
	}
}

// special shows the types that have a form of their own.
func (e *encoder) special(v reflect.Value) bool {
	t := v.Type()
	if t == durationType {
		return false // a number, in spite of its String method
	}
	if !v.CanInterface() {
		return false // of a field that is not exported: its methods can't be called
	}
	switch {
	case t == timeType:
		e.text(v.Interface().(time.Time).Format(time.RFC3339Nano))
		return true
	case t.Implements(errorType):
		if (v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface) && v.IsNil() {
			return false
		}
		err := v.Interface().(error)
		e.text(called(t, err.Error))
		return true
	case v.Kind() != reflect.Interface && stringable(t):
		e.text(called(t, v.Interface().(fmt.Stringer).String))
		return true
	}
	return false
}

// called calls a method of an event's type, which may have faults that must not end the trace.
func called(t reflect.Type, method func() string) (s string) {
	defer func() {
		if p := recover(); p != nil {
			s = fmt.Sprintf("(%s) panicked: %v", t, p)
		}
	}()
	return method()
}

func (e *encoder) raw(s string) { e.b = append(e.b, s...) }

func (e *encoder) float(f float64, bits int) {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		e.text(strconv.FormatFloat(f, 'g', -1, bits))
		return
	}
	e.b = strconv.AppendFloat(e.b, f, 'g', -1, bits)
}

func (e *encoder) object(v reflect.Value, depth int) {
	e.raw("{")
	n := 0
	for _, f := range fieldsOf(v.Type()) {
		if n > 0 {
			e.raw(",")
		}
		if len(e.b) > e.limit {
			e.text(ellipsis)
			e.raw(":true")
			break
		}
		n++
		e.text(f.name)
		e.raw(":")
		e.value(v.Field(f.index), depth+1)
	}
	e.raw("}")
}

func (e *encoder) list(v reflect.Value, depth int) {
	if v.Kind() == reflect.Slice && v.IsNil() {
		e.raw("null")
		return
	}
	if v.Type().Elem().Kind() == reflect.Uint8 && (v.Kind() == reflect.Slice || v.CanAddr()) {
		e.bytes(v)
		return
	}
	e.raw("[")
	for i := range v.Len() {
		if i > 0 {
			e.raw(",")
		}
		if i >= maxElems || len(e.b) > e.limit {
			e.text(fmt.Sprintf("%s %d more", ellipsis, v.Len()-i))
			break
		}
		e.value(v.Index(i), depth+1)
	}
	e.raw("]")
}

func (e *encoder) bytes(v reflect.Value) {
	data := v.Bytes()
	if utf8.Valid(data[:min(len(data), maxText+utf8.UTFMax)]) || utf8.Valid(cutText(data, maxText)) {
		e.text(string(data[:min(len(data), maxText+1)]))
		return
	}
	s := "0x" + hex.EncodeToString(data[:min(len(data), maxBinary)])
	if len(data) > maxBinary {
		s += ellipsis
	}
	e.text(s)
}

// cutText returns at most n bytes of text, whole characters.
func cutText[T string | []byte](s T, n int) T {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

// text appends a JSON string.
func (e *encoder) text(s string) {
	tail := ""
	if len(s) > maxText {
		s, tail = cutText(s, maxText), ellipsis
	}
	e.b = append(e.b, '"')
	for i := 0; i < len(s); {
		c := s[i]
		if c < utf8.RuneSelf {
			e.char(c)
			i++
			continue
		}
		r, n := utf8.DecodeRuneInString(s[i:])
		e.b = utf8.AppendRune(e.b, r) // U+FFFD where it is not UTF-8
		i += n
	}
	e.raw(tail)
	e.b = append(e.b, '"')
}

func (e *encoder) char(c byte) {
	switch c {
	case '"', '\\':
		e.b = append(e.b, '\\', c)
	case '\n':
		e.raw(`\n`)
	case '\r':
		e.raw(`\r`)
	case '\t':
		e.raw(`\t`)
	default:
		if c < ' ' || c == 0x7f {
			e.b = fmt.Appendf(e.b, `\u%04x`, c)
			return
		}
		e.b = append(e.b, c)
	}
}
