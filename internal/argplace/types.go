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
		p, err := in.typ(typ, 0)
		if err != nil {
			return v, err
		}
		v.Param = p
	}
	v.Name, _ = e.Val(dwarf.AttrName).(string)
	v.Result, _ = e.Val(dwarf.AttrVarParam).(bool)
	return v, nil
}

// typ describes a type, without a name. depth ends chains of definitions that come back to themselves.
func (in *Info) typ(offset dwarf.Offset, depth int) (sitetab.Param, error) {
	if p, ok := in.types[offset]; ok {
		return p, nil
	}
	r := in.data.Reader()
	r.Seek(offset)
	e, err := r.Next()
	if err != nil || e == nil || depth > 10 {
		return sitetab.Param{}, err
	}
	var p sitetab.Param
	p.Type, _ = e.Val(dwarf.AttrName).(string)
	size, sized := e.Val(dwarf.AttrByteSize).(int64)
	if sized && size >= 0 && size < 1<<31 {
		p.Size = int(size)
	}
	kind, _ := e.Val(attrGoKind).(int64)
	p.Kind = valueKind(reflect.Kind(kind))
	if e.Tag == dwarf.TagPointerType {
		p.Kind, p.Size = sitetab.Pointer, 8
	}
	if under, ok := e.Val(dwarf.AttrType).(dwarf.Offset); ok && e.Tag == dwarf.TagTypedef {
		u, err := in.typ(under, depth+1)
		if err != nil {
			return p, err
		}
		p.Size = u.Size
		switch {
		case p.Kind == sitetab.Iface && u.Type == "runtime.eface":
			p.Kind = sitetab.Eface
		case kind == 0:
			p.Kind = u.Kind
		}
	}
	if !fits(p) {
		p.Kind = sitetab.Other
	}
	in.types[offset] = p
	return p, nil
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
