package laydown

import (
	"debug/elf"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Names of the linker's symbols (cmd/link/internal/ld, inittask.go).
const (
	mainTasks = "go:main.inittasks"
	taskOf    = "..inittask"
)

// initFirst moves the tasks of the packages in Options.First to the front of the array
// that runtime.main goes through. Each package's task comes behind those of the packages that it
// imports; as First has all that its packages import, that stays so.
func (l *layer) initFirst() error {
	if len(l.opt.First) == 0 {
		return nil
	}
	early := map[string]bool{}
	for _, path := range l.opt.First {
		early[escape(path)+taskOf] = true
	}
	tasks := map[uint64]string{}
	var array elf.Symbol
	for _, s := range l.syms {
		if s.Name == mainTasks {
			array = s
		} else if strings.HasSuffix(s.Name, taskOf) {
			tasks[s.Value] = s.Name
		}
	}
	if array.Name == "" || array.Size == 0 {
		return nil // a plugin, or nothing to initialise
	}
	words, err := l.pointers(array.Value, int(array.Size/8))
	if err != nil {
		return err
	}
	var first, rest []uint64
	for _, w := range words {
		addr := w.get()
		name, ok := tasks[addr]
		if !ok {
			return fmt.Errorf("the order of initialisation has no task at %#x", addr)
		}
		if early[name] {
			first = append(first, addr)
		} else {
			rest = append(rest, addr)
		}
	}
	for i, addr := range slices.Concat(first, rest) {
		words[i].set(addr)
	}
	return nil
}

// escape writes an import path as the linker does (cmd/internal/objabi.PathToPrefix): dots
// behind the last slash, %, quotes, blanks and bytes that are not ASCII as %xx.
func escape(path string) string {
	slash := strings.LastIndexByte(path, '/')
	var b strings.Builder
	for i := range len(path) {
		c := path[i]
		if c <= ' ' || c == '.' && i > slash || c == '%' || c == '"' || c >= 0x7F {
			fmt.Fprintf(&b, "%%%02x", c)
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}

// A pointer is a word of the file that is an address when the program runs: eight bytes in place,
// and in a position-independent program the addend of a relocation too.
type pointer struct{ place, addend []byte }

func (p pointer) get() uint64 {
	if p.addend != nil {
		return binary.LittleEndian.Uint64(p.addend)
	}
	return binary.LittleEndian.Uint64(p.place)
}

func (p pointer) set(v uint64) {
	if p.addend == nil || binary.LittleEndian.Uint64(p.place) != 0 {
		binary.LittleEndian.PutUint64(p.place, v)
	}
	if p.addend != nil {
		binary.LittleEndian.PutUint64(p.addend, v)
	}
}

// pointers returns n words from addr on.
func (l *layer) pointers(addr uint64, n int) ([]pointer, error) {
	b := l.bytes(addr, 8*n)
	if b == nil {
		return nil, errors.New("the order of initialisation is not in the file")
	}
	words := make([]pointer, n)
	for i := range words {
		words[i].place = b[8*i:][:8]
	}
	for _, s := range l.file.Sections {
		if s.Type != elf.SHT_RELA || s.Flags&elf.SHF_ALLOC == 0 || s.Offset+s.Size > uint64(len(l.data)) || s.Offset+s.Size < s.Offset {
			continue
		}
		for r := l.data[s.Offset:][:s.Size]; len(r) >= 24; r = r[24:] {
			at := binary.LittleEndian.Uint64(r) - addr
			if at >= uint64(8*n) {
				continue
			}
			typ := uint32(binary.LittleEndian.Uint64(r[8:]))
			relative := l.file.Machine == elf.EM_X86_64 && typ == uint32(elf.R_X86_64_RELATIVE) ||
				l.file.Machine == elf.EM_AARCH64 && typ == uint32(elf.R_AARCH64_RELATIVE)
			if !relative || at%8 != 0 {
				return nil, fmt.Errorf("the order of initialisation has a relocation of type %d", typ)
			}
			words[at/8].addend = r[16:24]
		}
	}
	return words, nil
}
