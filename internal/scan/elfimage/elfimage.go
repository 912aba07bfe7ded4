// Package elfimage reads an ELF file into what a running program's memory would
// hold, as far as a scan for sites needs it: text and data with relocations applied, as
// loaded at the address that the file names, and the functions of the Go line
// table, which stripped files keep too.
//
// It serves the tests of internal/scan and internal/insn, which compare with
// independent decoders over whole programs. In the running program the bytes
// come from memory and the functions from the runtime.
package elfimage

import (
	"debug/elf"
	"debug/gosym"
	"encoding/binary"
	"errors"
	"fmt"
	"sort"

	"github.com/gkhi/gkhi/internal/scan"
)

// An Image is the content of one file. It is not changed after Open.
type Image struct {
	Machine elf.Machine
	Text    []scan.Segment // executable sections
	Data    []scan.Segment // other sections with content
	GOT     []scan.Segment // those of Data that are the global offset table
	Funcs   []Func         // in ascending order
	// Syms holds the addresses of named symbols; it is empty for a stripped file.
	Syms map[string]uint64
}

// A Func is a Go function, with the padding behind it.
type Func struct {
	Name       string
	Entry, End uint64
}

// Open reads the file. Files that hold no Go functions are an error.
func Open(path string) (*Image, error) {
	f, err := elf.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	im, err := read(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return im, nil
}

func read(f *elf.File) (*Image, error) {
	im := &Image{Machine: f.Machine, Syms: map[string]uint64{}}
	for _, s := range f.Sections {
		if s.Type == elf.SHT_NOBITS || s.Flags&elf.SHF_ALLOC == 0 || s.Flags&elf.SHF_TLS != 0 || s.Size == 0 {
			continue
		}
		b, err := s.Data()
		if err != nil {
			return nil, err
		}
		seg := scan.Segment{Addr: uintptr(s.Addr), Bytes: b}
		if s.Flags&elf.SHF_EXECINSTR != 0 {
			im.Text = append(im.Text, seg)
		} else {
			im.Data = append(im.Data, seg)
			if s.Name == ".got" {
				im.GOT = append(im.GOT, seg)
			}
		}
	}
	syms, err := f.Symbols()
	if err != nil && !errors.Is(err, elf.ErrNoSymbols) {
		return nil, err
	}
	for _, s := range syms {
		im.Syms[s.Name] = s.Value
	}
	if err := im.relocate(f); err != nil {
		return nil, err
	}
	return im, im.readFuncs(f)
}

// relocate applies the dynamic relocations, for a load address of 0: they fill
// the global offset table, and in a PIE every pointer.
func (im *Image) relocate(f *elf.File) error {
	dyn, err := f.DynamicSymbols()
	if err != nil && !errors.Is(err, elf.ErrNoSymbols) {
		return err
	}
	for _, s := range f.Sections {
		if s.Type != elf.SHT_RELA || s.Flags&elf.SHF_ALLOC == 0 {
			continue
		}
		b, err := s.Data()
		if err != nil {
			return err
		}
		for ; len(b) >= 24; b = b[24:] {
			info := f.ByteOrder.Uint64(b[8:])
			value := f.ByteOrder.Uint64(b[16:])
			sym := int(info>>32) - 1 // DynamicSymbols leaves out the null symbol
			switch absolute, symbolic := relocKind(f.Machine, uint32(info)); {
			case symbolic && sym >= 0 && sym < len(dyn):
				value += dyn[sym].Value
			case !absolute:
				continue
			}
			if p := im.bytesAt(f.ByteOrder.Uint64(b), 8); p != nil {
				f.ByteOrder.PutUint64(p, value)
			}
		}
	}
	return nil
}

// relocKind reports whether a relocation stores its addend, or a symbol's
// address and the addend, as eight bytes.
func relocKind(m elf.Machine, typ uint32) (absolute, symbolic bool) {
	if m == elf.EM_AARCH64 {
		t := elf.R_AARCH64(typ)
		return t == elf.R_AARCH64_RELATIVE, t == elf.R_AARCH64_GLOB_DAT || t == elf.R_AARCH64_ABS64
	}
	t := elf.R_X86_64(typ)
	return t == elf.R_X86_64_RELATIVE, t == elf.R_X86_64_GLOB_DAT || t == elf.R_X86_64_64
}

func (im *Image) bytesAt(addr uint64, n int) []byte {
	for _, segs := range [][]scan.Segment{im.Data, im.Text} {
		for _, s := range segs {
			if o := addr - uint64(s.Addr); o < uint64(len(s.Bytes)) && len(s.Bytes)-int(o) >= n {
				return s.Bytes[o:][:n]
			}
		}
	}
	return nil
}

func (im *Image) readFuncs(f *elf.File) error {
	tab := f.Section(".gopclntab")
	if tab == nil {
		tab = f.Section(".data.rel.ro.gopclntab")
	}
	if tab == nil {
		return errors.New("no Go line table")
	}
	text, err := im.goText(f)
	if err != nil {
		return err
	}
	b := im.bytesAt(tab.Addr, int(tab.Size))
	table, err := gosym.NewTable(nil, gosym.NewLineTable(b, text))
	if err != nil {
		return err
	}
	for _, fn := range table.Funcs {
		im.Funcs = append(im.Funcs, Func{fn.Name, fn.Entry, fn.End})
	}
	if len(im.Funcs) == 0 {
		return errors.New("the Go line table is empty")
	}
	return nil
}

// goText returns the address that the line table counts from. It is the start of .text,
// unless the system's linker put C code before it; then a symbol tells,
// or in a stripped file the runtime's module data.
func (im *Image) goText(f *elf.File) (uint64, error) {
	if a, ok := im.Syms["runtime.text"]; ok {
		return a, nil
	}
	text := f.Section(".text")
	if text == nil {
		return 0, errors.New("no .text section")
	}
	if s := f.Section(".go.module"); s != nil {
		// runtime.moduledata: a pointer, six slices, findfunctab, minpc, maxpc, text.
		const minpc, start = 20, 22
		if b := im.bytesAt(s.Addr, 8*(start+1)); b != nil {
			a := binary.LittleEndian.Uint64(b[8*start:])
			if a-text.Addr < text.Size && a <= binary.LittleEndian.Uint64(b[8*minpc:]) {
				return a, nil
			}
		}
		return 0, errors.New("the layout of runtime.moduledata is not known")
	}
	return text.Addr, nil
}

// Find returns the function that pc is in.
func (im *Image) Find(pc uint64) (Func, bool) {
	i := sort.Search(len(im.Funcs), func(i int) bool { return im.Funcs[i].Entry > pc }) - 1
	if i < 0 || pc >= im.Funcs[i].End {
		return Func{}, false
	}
	return im.Funcs[i], true
}

// Bounds implements scan.Funcs.
func (im *Image) Bounds(pc uintptr) (entry, end uintptr, ok bool) {
	f, ok := im.Find(uint64(pc))
	return uintptr(f.Entry), uintptr(f.End), ok
}

// Code returns the bytes of a function.
func (im *Image) Code(f Func) []byte { return im.bytesAt(f.Entry, int(f.End-f.Entry)) }

// Scan scans the image for sites. It sets in.Text, in.Funcs and in.Slots.
func (im *Image) Scan(in *scan.Input) *scan.Result {
	in.Text, in.Funcs, in.Slots = im.Text, im, nil
	for _, d := range im.GOT {
		in.Slots = append(in.Slots, scan.FindSlots(d, in.Keys)...)
	}
	if im.Machine == elf.EM_AARCH64 {
		return scan.ARM64(in)
	}
	return scan.AMD64(in)
}
