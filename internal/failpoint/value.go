package failpoint

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"time"
)

// Error is the error that return makes for a decision that answers with an error. Programs and tests can
// tell an injected error from a real one with errors.As.
type Error struct {
	Text string // what the term says; empty if it says nothing
}

func (e *Error) Error() string {
	if e.Text == "" {
		return "gkhi: failpoint"
	}
	return e.Text
}

// Bound is a program whose values fit answers of type R.
type Bound[R any] struct {
	*Program
	values []R // beside terms; the zero value where the term returns nothing
	// fresh is set if an R may share memory with its copies; each answer is then decoded anew, so that
	// what one caller changes is not seen by the next.
	fresh bool
}

// Bind checks that the value of every return term in p is one of R, and keeps the decoded values.
func Bind[R any](p *Program) (*Bound[R], error) {
	b := &Bound[R]{Program: p, values: make([]R, len(p.terms)), fresh: shares(reflect.TypeFor[R]())}
	for i := range p.terms {
		t := &p.terms[i]
		if t.action != Return {
			continue
		}
		v, err := Decode[R](t.value)
		if err != nil {
			return nil, err
		}
		b.values[i] = v
	}
	return b, nil
}

// Eval evaluates the program once. The value is meaningful if the outcome's action is Return.
func (b *Bound[R]) Eval() (R, Outcome) {
	out := b.Program.Eval()
	if out.Action != Return {
		var zero R
		return zero, out
	}
	if b.fresh {
		if e, ok := any(b.values[out.Term]).(*Error); ok { // the usual case needs no decoder
			made := *e
			return any(&made).(R), out
		}
		if v, err := Decode[R](b.terms[out.Term].value); err == nil { // it was decoded once already
			return v, out
		}
	}
	return b.values[out.Term], out
}

// ValueError says that a value does not fit the type of a decision's answers.
type ValueError struct {
	Value string // as it is written in a term
	Type  string // the type's name
	Err   error  // more about it; may be nil
}

func (e *ValueError) Error() string {
	s := fmt.Sprintf("return(%s) does not fit %s", e.Value, e.Type)
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

func (e *ValueError) Unwrap() error { return e.Err }

// Decode makes an R from the JSON text of a return term's value; no text at all stands for a return
// without value.
//
//   - If R is error, the value is a string, which becomes the text of an *[Error]; null and no value give
//     an *Error whose text is "gkhi: failpoint". There is no value for "no error": use off.
//   - If R is [time.Duration], the value is a string such as "50ms". A number is refused: its unit would be
//     anybody's guess.
//   - Any other R is decoded by encoding/json, which must know all fields of an object. No value gives the
//     zero R.
//
// The error is a *ValueError.
func Decode[R any](raw json.RawMessage) (R, error) {
	var r R
	fail := func(err error) (R, error) {
		var zero R
		return zero, &ValueError{Value: literal(raw), Type: reflect.TypeFor[R]().String(), Err: err}
	}
	null := len(raw) == 0 || string(raw) == "null"
	switch p := any(&r).(type) {
	case *error:
		var text string
		if !null && json.Unmarshal(raw, &text) != nil {
			return fail(errors.New(`an error is given by its text, as in return("disk full")`))
		}
		*p = &Error{Text: text}
		return r, nil
	case *time.Duration:
		if null {
			return r, nil
		}
		var text string
		err := json.Unmarshal(raw, &text)
		if err == nil {
			*p, err = time.ParseDuration(text)
		}
		if err != nil {
			return fail(errors.New(`a duration is given with its unit, as in return("50ms")`))
		}
		return r, nil
	}
	if len(raw) == 0 {
		return r, nil
	}
	if t := reflect.TypeFor[R](); t.Kind() == reflect.Interface && t.NumMethod() > 0 {
		return fail(errors.New("no text stands for a value of an interface type"))
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&r); err != nil {
		var mismatch *json.UnmarshalTypeError
		if errors.As(err, &mismatch) && mismatch.Field == "" {
			err = nil // it would only repeat the two types
		}
		return fail(err)
	}
	return r, nil
}

// shares tells whether a copy of a t may share memory with the original that can be written through it.
func shares(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Bool, reflect.String,
		reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr,
		reflect.Float32, reflect.Float64, reflect.Complex64, reflect.Complex128:
		return false
	case reflect.Array:
		return shares(t.Elem())
	case reflect.Struct:
		for f := range t.Fields() {
			if shares(f.Type) {
				return true
			}
		}
		return false
	default:
		// An *Error is made anew each time too: its text can be written to.
		return true
	}
}
