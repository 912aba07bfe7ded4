package argplace

import (
	"debug/dwarf"
	"errors"
	"sort"
	"strings"

	"github.com/gkhi/gkhi/internal/sitetab"
)

// within returns the sites that are in the span of ranges: a few too many, where those have gaps.
func within(sites []Site, ranges [][2]uint64) []Site {
	if len(ranges) == 0 {
		return nil
	}
	lo, hi := ranges[0][0], ranges[0][1]
	for _, r := range ranges {
		lo, hi = min(lo, r[0]), max(hi, r[1])
	}
	i := sort.Search(len(sites), func(i int) bool { return sites[i].PC >= lo })
	n := sort.Search(len(sites)-i, func(n int) bool { return sites[i+n].PC >= hi })
	return sites[i:][:n]
}

func contains(ranges [][2]uint64, pc uint64) bool {
	for _, r := range ranges {
		if r[0] <= pc && pc < r[1] {
			return true
		}
	}
	return false
}

// A walker goes through the entries of a unit.
type walker struct {
	in    *Info
	r     *dwarf.Reader
	unit  unit
	sites []Site
	depth int
}

// maxDepth bounds how deep entries are nested, in a file that may be damaged.
const maxDepth = 1000

// A body is a function's code, or a copy of it that was inlined into another's.
type body struct {
	fn       *abstract
	ranges   [][2]uint64
	places   map[int][]byte // by the index of a parameter or result: an expression for all addresses
	lists    map[int]uint64 // or the offset of a location list
	inlined  []*body
	shared   bool // fn is of other bodies too
	cfaBased bool // fbreg counts from the CFA
}

// An abstract is a function as such: its name, parameters and results.
type abstract struct {
	name   string
	values []Value              // without places
	index  map[dwarf.Offset]int // of values
}

const opCallFrameCFA = 0x9C

// unitEntries goes through the functions of a unit.
func (w *walker) unitEntries() error {
	for {
		e, err := w.r.Next()
		if err != nil {
			return err
		}
		if e == nil || e.Tag == 0 {
			return nil
		}
		if e.Tag != dwarf.TagSubprogram {
			w.r.SkipChildren()
			continue
		}
		ranges, err := w.in.data.Ranges(e)
		if err != nil {
			return err
		}
		mine := within(w.sites, ranges)
		if len(mine) == 0 {
			w.r.SkipChildren()
			continue
		}
		b, err := w.body(e, ranges)
		if err != nil {
			return err
		}
		for i := range mine {
			if contains(ranges, mine[i].PC) {
				w.complete(&mine[i], b)
			}
		}
	}
}

// body reads a function with all that is in it.
func (w *walker) body(e *dwarf.Entry, ranges [][2]uint64) (*body, error) {
	b := &body{ranges: ranges, places: map[int][]byte{}, lists: map[int]uint64{}}
	if expr, ok := e.Val(dwarf.AttrFrameBase).([]byte); ok {
		b.cfaBased = len(expr) == 1 && expr[0] == opCallFrameCFA
	}
	if origin, ok := e.Val(dwarf.AttrAbstractOrigin).(dwarf.Offset); ok {
		var err error
		if b.fn, err = w.in.abstract(origin); err != nil {
			return nil, err
		}
		b.shared = true
	} else {
		b.fn = &abstract{index: map[dwarf.Offset]int{}}
		b.fn.name, _ = e.Val(dwarf.AttrName).(string)
	}
	if !e.Children {
		return b, nil
	}
	return b, w.children(b)
}

// children reads what is below a body or a block in it.
func (w *walker) children(b *body) error {
	if w.depth++; w.depth > maxDepth {
		return errors.New("debug information is nested too deep")
	}
	defer func() { w.depth-- }()
	for {
		e, err := w.r.Next()
		if err != nil {
			return err
		}
		if e == nil || e.Tag == 0 {
			return nil
		}
		switch e.Tag {
		case dwarf.TagFormalParameter:
			if err := w.parameter(b, e); err != nil {
				return err
			}
		case dwarf.TagLexDwarfBlock:
			if e.Children {
				if err := w.children(b); err != nil {
					return err
				}
			}
			continue
		case dwarf.TagInlinedSubroutine:
			ranges, err := w.in.data.Ranges(e)
			if err != nil {
				return err
			}
			inner, err := w.body(e, ranges)
			if err != nil {
				return err
			}
			inner.cfaBased = b.cfaBased
			b.inlined = append(b.inlined, inner)
			continue
		}
		w.r.SkipChildren()
	}
}

// parameter books where one is. Results are parameters with a mark.
func (w *walker) parameter(b *body, e *dwarf.Entry) error {
	var i int
	if origin, ok := e.Val(dwarf.AttrAbstractOrigin).(dwarf.Offset); ok {
		if i, ok = b.fn.index[origin]; !ok {
			return nil
		}
	} else if b.shared {
		return nil
	} else {
		v, err := w.in.value(e)
		if err != nil {
			return err
		}
		i = len(b.fn.values)
		b.fn.values = append(b.fn.values, v)
	}
	f := e.AttrField(dwarf.AttrLocation)
	if f == nil {
		return nil
	}
	switch v := f.Val.(type) {
	case []byte:
		b.places[i] = v
	case int64:
		b.lists[i] = uint64(v)
	}
	return nil
}

// complete tells a site what is known of it.
func (w *walker) complete(s *Site, outer *body) {
	frame, known := w.in.frames.size(s.PC)
	if known {
		s.Frame = int(frame)
		if frame == 0 {
			s.Frame = sitetab.NoFrame
		}
	}
	b := outer
	for deeper := true; deeper; {
		deeper = false
		for _, in := range b.inlined {
			if contains(in.ranges, s.PC) {
				b, deeper = in, true
				break
			}
		}
	}
	if !sameFunc(b.fn.name, s.Func) {
		return
	}
	if s.Kind == sitetab.Return && b == outer {
		s.end = w.in.trace(b.ranges, s.PC)
	}
	for i, v := range b.fn.values {
		if v.Result == (s.Kind == sitetab.Return) {
			expr := b.places[i]
			if list, ok := b.lists[i]; ok {
				expr = w.in.lists.at(&w.unit, list, s.PC)
			}
			pieces := w.in.cpu.pieces(expr, uint64(v.Size), frame, known && outer.cfaBased)
			v.Places = words(pieces, uint64(v.Size), v.Words())
		}
		s.Values = append(s.Values, v)
	}
}

// trace follows the code of a function from a site on.
func (in *Info) trace(ranges [][2]uint64, pc uint64) *machine {
	for _, r := range ranges {
		if in.text == nil || pc < r[0] || pc >= r[1] || r[0] < in.text.Addr || r[1]-r[0] > 1<<26 || r[1] > in.text.Addr+in.text.Size {
			continue
		}
		code := make([]byte, r[1]-r[0])
		if n, _ := in.text.ReadAt(code, int64(r[0]-in.text.Addr)); n == len(code) {
			return in.cpu.trace(code, r[0], pc)
		}
	}
	return nil
}

// sameFunc reports whether DWARF's name of a function is that of the runtime: one has
// type arguments, the other [...], and has bytes in import paths escaped. A function literal in a function that was
// inlined into another has the other's name in front.
func sameFunc(dwarfName, name string) bool {
	if dwarfName == name {
		return true
	}
	dwarfName, name = withoutTypeArgs(dwarfName), withoutTypeArgs(unescape(name))
	if dwarfName == name {
		return true
	}
	slash := strings.LastIndexByte(name, '/') + 1
	dot := slash + strings.IndexByte(name[slash:], '.')
	return dot > slash && strings.Contains(name[dot:], ".func") && len(dwarfName) > len(name) &&
		dwarfName[:dot] == name[:dot] && strings.HasSuffix(dwarfName, name[dot:])
}

func withoutTypeArgs(name string) string {
	if !strings.Contains(name, "[") {
		return name
	}
	var b strings.Builder
	depth := 0
	for i := range len(name) {
		switch name[i] {
		case '[':
			depth++
		case ']':
			depth--
		default:
			if depth == 0 {
				b.WriteByte(name[i])
			}
		}
	}
	return b.String()
}

func unescape(name string) string {
	if !strings.Contains(name, "%") {
		return name
	}
	var b strings.Builder
	for i := 0; i < len(name); i++ {
		if name[i] == '%' && i+2 < len(name) {
			hi, lo := strings.IndexByte(hexDigits, name[i+1]), strings.IndexByte(hexDigits, name[i+2])
			if hi >= 0 && lo >= 0 {
				b.WriteByte(byte(hi<<4 | lo))
				i += 2
				continue
			}
		}
		b.WriteByte(name[i])
	}
	return b.String()
}

const hexDigits = "0123456789abcdef"
