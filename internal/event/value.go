package event

import (
	"fmt"
	"math"
	"strconv"
)

// A Value is an argument or a result as it is shown.
type Value struct {
	Name, Type string
	Text       string // "…" when its words were not recorded
}

// Values returns the arguments of an event at an entry, or the results of one at a return; nil when none were recorded.
func (d *Definitions) Values(ev *Event) []Value {
	if len(ev.Words) == 0 {
		return nil
	}
	site := &d.Sites[ev.Site]
	f := &d.Funcs[site.Func]
	params := f.Params
	if site.Return {
		params = f.Results
	}
	out := make([]Value, len(params))
	for i, p := range params {
		var words [3]uint64
		var have [3]bool
		for j, w := range site.Words {
			if w.Param == i && w.Part < len(words) && j < len(ev.Words) {
				words[w.Part], have[w.Part] = ev.Words[j], true
			}
		}
		out[i] = Value{Name: p.Name, Type: p.Type, Text: p.Kind.text(words, have)}
	}
	return out
}

// text shows the words of a value that are there.
func (k ParamKind) text(w [3]uint64, have [3]bool) string {
	const missing = "…"
	switch k {
	case String:
		if have[1] {
			return "len " + strconv.FormatInt(int64(w[1]), 10)
		}
		return missing
	case Slice:
		switch {
		case have[1] && have[2]:
			return fmt.Sprintf("len %d cap %d", int64(w[1]), int64(w[2]))
		case have[1]:
			return fmt.Sprintf("len %d", int64(w[1]))
		}
		return missing
	}
	if !have[0] {
		return missing
	}
	v := w[0]
	switch k {
	case Bool:
		return strconv.FormatBool(v&0xff != 0)
	case Int8:
		return strconv.FormatInt(int64(int8(v)), 10)
	case Int16:
		return strconv.FormatInt(int64(int16(v)), 10)
	case Int32:
		return strconv.FormatInt(int64(int32(v)), 10)
	case Int64:
		return strconv.FormatInt(int64(v), 10)
	case Uint8:
		return strconv.FormatUint(v&0xff, 10)
	case Uint16:
		return strconv.FormatUint(v&0xffff, 10)
	case Uint32:
		return strconv.FormatUint(v&0xffffffff, 10)
	case Uint64:
		return strconv.FormatUint(v, 10)
	case Float32:
		return strconv.FormatFloat(float64(math.Float32frombits(uint32(v))), 'g', -1, 32)
	case Float64:
		return strconv.FormatFloat(math.Float64frombits(v), 'g', -1, 64)
	case Interface:
		if v == 0 {
			return "nil"
		}
		return "non-nil"
	}
	if v == 0 && k == Pointer {
		return "nil"
	}
	return "0x" + strconv.FormatUint(v, 16)
}
