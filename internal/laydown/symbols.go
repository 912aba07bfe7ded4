package laydown

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"strings"
)

// dropSymbols takes the symbols of the packages in Options.Nameless out of the symbol table, with their names. headers are those of the
// sections, and contents has the sections that may change, by number. A table that can't be understood stays as it is, and so does one
// to which another section refers, by numbers of symbols.
func (l *layer) dropSymbols(headers []elf.Section64, contents map[int][]byte) {
	if len(l.opt.Nameless) == 0 {
		return
	}
	at := -1
	for i, h := range headers {
		if elf.SectionType(h.Type) == elf.SHT_SYMTAB {
			at = i
		}
	}
	if at < 0 {
		return
	}
	for _, h := range headers {
		if h.Link == uint32(at) {
			return
		}
	}
	h := &headers[at]
	symbols, names := contents[at], contents[int(h.Link)]
	if symbols == nil || names == nil || h.Entsize != elf.Sym64Size || h.Info > uint32(len(symbols)/elf.Sym64Size) {
		return
	}
	for i, other := range headers {
		if i != at && other.Link == h.Link && other.Link != 0 { // its names are in the same place
			return
		}
	}
	kept, text, locals := make([]byte, 0, len(symbols)), append(make([]byte, 0, len(names)), 0), h.Info
	for i := 0; i+elf.Sym64Size <= len(symbols); i += elf.Sym64Size {
		s := symbols[i:][:elf.Sym64Size]
		n := binary.LittleEndian.Uint32(s)
		if uint64(n) >= uint64(len(names)) {
			return
		}
		name, _, ended := bytes.Cut(names[n:], []byte{0})
		if !ended {
			return
		}
		if l.nameless(string(name)) {
			if uint32(i/elf.Sym64Size) < h.Info {
				locals--
			}
			continue
		}
		kept = append(kept, s...)
		if len(name) > 0 {
			binary.LittleEndian.PutUint32(kept[len(kept)-elf.Sym64Size:], uint32(len(text)))
			text = append(append(text, name...), 0)
		}
	}
	if len(text) > len(names) { // they shared endings
		return
	}
	h.Info = locals
	contents[at], contents[int(h.Link)] = kept, text
}

// nameless reports whether a symbol is of a package in Options.Nameless.
func (l *layer) nameless(symbol string) bool {
	for _, path := range l.opt.Nameless {
		if rest, ok := strings.CutPrefix(symbol, escape(path)); ok && strings.HasPrefix(rest, ".") {
			return true
		}
	}
	return false
}
