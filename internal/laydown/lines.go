package laydown

import (
	"debug/dwarf"
	"encoding/binary"
	"slices"
)

// silent is an opcode of line programs that does nothing that shows: it has no operands, and adds no row.
const silent = 0x07 // DW_LNS_set_basic_block

// silence overwrites line programs, those of the packages in Options.Nameless, with opcodes that do nothing: the compiler's
// -dwarf=false leaves them, and there is nothing else that a debugger could look up there. Their length stays, so
// that no offset changes, and compressed they are nothing. lines is the section .debug_line, not compressed, and tables are the
// offsets of the packages' tables in it. What can't be understood stays as it is.
func silence(lines []byte, tables []int64) {
	for _, at := range tables {
		if at < 0 || at >= int64(len(lines)) {
			continue
		}
		if program := lineProgram(lines[at:]); program != nil {
			copy(program, slices.Repeat([]byte{silent}, len(program)))
		}
	}
}

// lineProgram returns the opcodes of the line table that b begins with: DWARF 4 or 5 of 32 bits
// (DWARF 5, 6.2.4).
func lineProgram(b []byte) []byte {
	if len(b) < 12 {
		return nil
	}
	end := 4 + uint64(binary.LittleEndian.Uint32(b))
	at := 6
	switch binary.LittleEndian.Uint16(b[4:]) {
	case 4:
	case 5:
		at += 2 // sizes of an address and of a segment's selector
	default:
		return nil
	}
	start := uint64(at) + 4 + uint64(binary.LittleEndian.Uint32(b[at:]))
	if end > uint64(len(b)) || start > end {
		return nil
	}
	return b[start:end]
}

// lineTables returns where in .debug_line the tables of the packages in Options.Nameless begin.
func (l *layer) lineTables() (offsets []int64) {
	data := map[string][]byte{".debug_abbrev": nil, ".debug_info": nil, ".debug_addr": nil, ".debug_str": nil, ".debug_line_str": nil}
	for name := range data {
		s := l.file.Section(name)
		if s == nil {
			continue
		}
		if s.Size > maxDenser {
			return nil
		}
		b, err := s.Data()
		if err != nil {
			return nil
		}
		data[name] = b
	}
	info := data[".debug_info"]
	d, err := dwarf.New(data[".debug_abbrev"], nil, nil, info, nil, nil, nil, data[".debug_str"])
	if err != nil {
		return nil
	}
	for _, name := range []string{".debug_addr", ".debug_line_str"} {
		if err := d.AddSection(name, data[name]); err != nil {
			return nil
		}
	}
	r := d.Reader()
	for at := uint64(0); at+12 <= uint64(len(info)); {
		size := uint64(binary.LittleEndian.Uint32(info[at:]))
		header := uint64(11) // of a unit: its length, version, size of an address, and place of its abbreviations
		if binary.LittleEndian.Uint16(info[at+4:]) >= 5 {
			header++
		}
		r.Seek(dwarf.Offset(at + header))
		unit, err := r.Next()
		if err != nil || unit == nil || unit.Tag != dwarf.TagCompileUnit {
			return offsets
		}
		name, _ := unit.Val(dwarf.AttrName).(string)
		if table, ok := unit.Val(dwarf.AttrStmtList).(int64); ok && slices.Contains(l.opt.Nameless, name) {
			offsets = append(offsets, table)
		}
		at += 4 + size
	}
	return offsets
}
