package argplace

import (
	"debug/dwarf"
	"debug/elf"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/gkhi/gkhi/internal/sitetab"
)

// ErrNone says that a program has no debug information.
var ErrNone = errors.New("the program was linked without debug information")

// A Site is an address in a program, and what is found out about it.
type Site struct {
	PC   uint64
	Func string // the name of the function that the instruction there is of, as the runtime has it
	Kind sitetab.Kind

	// Set by Find.
	Frame  int      // as in sitetab.Layout
	Values []Value  // parameters and results, as far as the compiler tells of them
	end    *machine // at the return that follows; nil where that is not known
}

// A Value is a parameter or a result. One without a name in the source has one that the compiler gave it: ~r0.
type Value struct {
	typed
	Result bool
	Places []sitetab.Place // of its words: of parameters at an entry, of results at a return, else nil
}

// Info is the debug information of a program. It is not safe for concurrent use.
type Info struct {
	data   *dwarf.Data
	cpu    *cpu
	lists  lists
	frames *frames
	text   *elf.Section
	units  []dwarf.Offset // of the entries of compilation units
	vers   []int          // of the units
	types  map[dwarf.Offset]*typed
	funcs  map[dwarf.Offset]*abstract
}

// Open reads an ELF file of Go code for amd64 or arm64. The error is ErrNone when it has no debug information, or
// says that this is damaged. The file must stay open.
func Open(f *elf.File) (*Info, error) {
	in := &Info{types: map[dwarf.Offset]*typed{}, funcs: map[dwarf.Offset]*abstract{}}
	switch f.Machine {
	case elf.EM_X86_64:
		in.cpu = amd64
	case elf.EM_AARCH64:
		in.cpu = arm64
	default:
		return nil, fmt.Errorf("arguments are not known for %s", f.Machine)
	}
	if f.Section(".debug_info") == nil {
		return nil, ErrNone
	}
	var err error
	if in.data, err = f.DWARF(); err != nil {
		return nil, fmt.Errorf("read debug information: %w", err)
	}
	var frame, info []byte
	for name, to := range map[string]*[]byte{
		".debug_info": &info, ".debug_frame": &frame, ".debug_loclists": &in.lists.loclists, ".debug_loc": &in.lists.loc, ".debug_addr": &in.lists.addr,
	} {
		s := f.Section(name)
		if s == nil {
			continue
		}
		if *to, err = s.Data(); err != nil {
			return nil, fmt.Errorf("read %s: %w", name, err)
		}
	}
	in.text = f.Section(".text")
	in.frames = readFrames(frame, in.cpu.sp)
	in.findUnits(info)
	return in, nil
}

// findUnits goes from unit to unit by their lengths, which debug/dwarf doesn't offer without reading
// all that is in them.
func (in *Info) findUnits(info []byte) {
	for at := 0; len(info)-at > 12; {
		n := binary.LittleEndian.Uint32(info[at:])
		if n >= 0xFFFFFFF0 || uint64(n) > uint64(len(info)-at-4) {
			return
		}
		version, head := int(binary.LittleEndian.Uint16(info[at+4:])), 11
		if version >= 5 {
			head = 12
		}
		const compile = 1 // DW_UT_compile
		if version < 5 || info[at+6] == compile {
			in.units = append(in.units, dwarf.Offset(at+head))
			in.vers = append(in.vers, version)
		}
		at += 4 + int(n)
	}
}

// Find completes sites, which are in the order of their PC. On an error some may be complete.
func (in *Info) Find(sites []Site) error {
	for i, offset := range in.units {
		r := in.data.Reader()
		r.Seek(offset)
		cu, err := r.Next()
		if err != nil {
			return err
		}
		const languageGo = 0x16
		if lang, _ := cu.Val(dwarf.AttrLanguage).(int64); cu.Tag != dwarf.TagCompileUnit || lang != languageGo || !cu.Children {
			continue
		}
		ranges, err := in.data.Ranges(cu)
		if err != nil {
			return err
		}
		if len(within(sites, ranges)) == 0 {
			continue
		}
		w := &walker{in: in, r: r, sites: sites, unit: unit{version: in.vers[i]}}
		w.unit.base, _ = cu.Val(dwarf.AttrLowpc).(uint64)
		if b, ok := cu.Val(dwarf.AttrAddrBase).(int64); ok {
			w.unit.addrBase = uint64(b)
		}
		if err := w.unitEntries(); err != nil {
			return err
		}
	}
	return nil
}
