package argplace

import (
	"debug/dwarf"
	"reflect"

	"github.com/gkhi/gkhi/internal/sitetab"
)

// attrGoKind is the Go compiler's own attribute of types (cmd/internal/dwarf, DW_AT_go_kind).
const attrGoKind dwarf.Attr = 0x2900

// abstract reads a function's name, parameters and results.
func (in *Info) abstract(offset dwarf.Offset) (*abstract, error) {
	if a := in.funcs[offset]; a != nil {
		return a, nil
	}
	r := in.data.Reader()
	r.Seek(offset)
	e, err := r.Next()
	if err != nil {
		return nil, err
	}
	a := &abstract{index: map[dwarf.Offset]int{}}
	in.funcs[offset] = a
	if e == nil || e.Tag != dwarf.TagSubprogram {
		return a, nil
	}
	a.name, _ = e.Val(dwarf.AttrName).(string)
	for e.Children {
		c, err := r.Next()
		if err != nil {
			return nil, err
		}
		if c == nil || c.Tag == 0 {
			break
		}
		if c.Tag == dwarf.TagFormalParameter {
			v, err := in.value(c)
			if err != nil {
				return nil, err
			}
			a.index[c.Offset] = len(a.values)
			a.values = append(a.values, v)
		}
		r.SkipChildren()
	}
	return a, nil
}

// value reads a parameter or result.
func (in *Info) value(e *dwarf.Entry) (Value, error) {
	var v Value
	if typ, ok := e.Val(dwarf.AttrType).(dwarf.Offset); ok {
		t, err := in.typ(typ, 0)
		if err != nil {
			return v, err
		}
		v.typed = *t
	}
	v.Name, _ = e.Val(dwarf.AttrName).(string)
	v.Result, _ = e.Val(dwarf.AttrVarParam).(bool)
	return v, nil
}

// A typed is a value without its name.
type typed struct {
	sitetab.Param
	passing passing
	parts   []part // when passed in registers
}

// passing says how a value is passed, if there are registers enough.
type passing uint8

const (
	unknown passing = iota
	inRegisters
	inMemory
)

// maxParts is more than there are registers of either kind on any CPU.
const maxParts = 40

// maxTypeDepth bounds how deep types are nested.
const maxTypeDepth = 30

// typ describes a type.
func (in *Info) typ(offset dwarf.Offset, depth int) (*typed, error) {
	if t := in.types[offset]; t != nil {
		return t, nil
	}
	t := &typed{}
	in.types[offset] = t // unknown, to a type that has itself in it, which is damage
	r := in.data.Reader()
	r.Seek(offset)
	e, err := r.Next()
	if err != nil || e == nil || depth > maxTypeDepth {
		return t, err
	}
	t.Type, _ = e.Val(dwarf.AttrName).(string)
	if size, ok := e.Val(dwarf.AttrByteSize).(int64); ok && size >= 0 && size < 1<<31 {
		t.Size = int(size)
	}
	kind, _ := e.Val(attrGoKind).(int64)
	t.Kind = valueKind(reflect.Kind(kind))
	if e.Tag == dwarf.TagPointerType {
		t.Kind, t.Size = sitetab.Pointer, 8
	}
	var under *typed
	if o, ok := e.Val(dwarf.AttrType).(dwarf.Offset); ok && (e.Tag == dwarf.TagTypedef || e.Tag == dwarf.TagArrayType) {
		if under, err = in.typ(o, depth+1); err != nil {
			return t, err
		}
	}
	if e.Tag == dwarf.TagTypedef && under != nil {
		t.Size = under.Size
		switch {
		case t.Kind == sitetab.Iface && under.Type == "runtime.eface":
			t.Kind = sitetab.Eface
		case kind == 0:
			t.Kind = under.Kind
		}
		if t.Kind == sitetab.Other {
			t.passing, t.parts = under.passing, under.parts
		}
	}
	if !fits(t.Param) {
		t.Kind = sitetab.Other
	}
	return t, in.parts(t, e, r, under, depth)
}

// parts says how a type is passed: "Go internal ABI specification", function call argument and result passing.
func (in *Info) parts(t *typed, e *dwarf.Entry, r *dwarf.Reader, elem *typed, depth int) error {
	add := func(float bool, size, n int) {
		t.passing = inRegisters
		for i := range n {
			t.parts = append(t.parts, part{i * size, size, float})
		}
	}
	switch t.Kind {
	case sitetab.Int, sitetab.Uint, sitetab.Bool, sitetab.Pointer:
		add(false, t.Size, 1)
	case sitetab.Float:
		add(true, t.Size, 1)
	case sitetab.Complex:
		add(true, t.Size/2, 2)
	case sitetab.String, sitetab.Iface, sitetab.Eface:
		add(false, 8, 2)
	case sitetab.Slice:
		add(false, 8, 3)
	}
	if t.Kind != sitetab.Other || !e.Children || e.Tag != dwarf.TagStructType && e.Tag != dwarf.TagArrayType {
		return nil
	}
	t.passing = inRegisters
	for {
		c, err := r.Next()
		if err != nil {
			return err
		}
		if c == nil || c.Tag == 0 {
			return nil
		}
		switch c.Tag {
		case dwarf.TagMember:
			o, ok := c.Val(dwarf.AttrType).(dwarf.Offset)
			at, ok2 := c.Val(dwarf.AttrDataMemberLoc).(int64)
			if !ok || !ok2 {
				t.passing = unknown
				return nil
			}
			m, err := in.typ(o, depth+1)
			if err != nil {
				return err
			}
			t.include(m, int(at))
		case dwarf.TagSubrangeType:
			switch n, ok := c.Val(dwarf.AttrCount).(int64); {
			case !ok || elem == nil:
				t.passing = unknown
			case n == 1:
				t.include(elem, 0)
			case n > 1:
				t.passing = inMemory
			}
		}
		r.SkipChildren()
	}
}

// include adds a field or element.
func (t *typed) include(m *typed, at int) {
	switch {
	case t.passing == unknown || m.passing == unknown:
		t.passing = unknown
	case t.passing == inMemory || m.passing == inMemory || len(t.parts)+len(m.parts) > maxParts:
		t.passing = inMemory
	default:
		for _, p := range m.parts {
			t.parts = append(t.parts, part{at + p.offset, p.size, p.float})
		}
	}
}

// valueKind is what a Go kind is to those who show values.
func valueKind(k reflect.Kind) sitetab.ValueKind {
	switch k {
	case reflect.Bool:
		return sitetab.Bool
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return sitetab.Int
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		return sitetab.Uint
	case reflect.Float32, reflect.Float64:
		return sitetab.Float
	case reflect.Complex64, reflect.Complex128:
		return sitetab.Complex
	case reflect.Chan, reflect.Func, reflect.Map, reflect.Pointer, reflect.UnsafePointer:
		return sitetab.Pointer
	case reflect.String:
		return sitetab.String
	case reflect.Slice:
		return sitetab.Slice
	case reflect.Interface:
		return sitetab.Iface
	}
	return sitetab.Other
}

// fits reports whether a type has the size that its kind asks for.
func fits(p sitetab.Param) bool {
	switch p.Kind {
	case sitetab.Int, sitetab.Uint:
		return p.Size == 1 || p.Size == 2 || p.Size == 4 || p.Size == 8
	case sitetab.Bool:
		return p.Size == 1
	case sitetab.Pointer:
		return p.Size == 8
	case sitetab.String, sitetab.Eface, sitetab.Iface:
		return p.Size == 16
	case sitetab.Slice:
		return p.Size == 24
	case sitetab.Float:
		return p.Size == 4 || p.Size == 8
	case sitetab.Complex:
		return p.Size == 8 || p.Size == 16
	}
	return true
}
