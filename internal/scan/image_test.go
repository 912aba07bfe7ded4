package scan

import (
	"debug/elf"
	"debug/gosym"
	"fmt"
	"sort"
	"testing"
)

// An image is an ELF file as a scan sees it, with the functions of its pclntab.
type image struct {
	arch  elf.Machine
	text  []Segment
	data  []Segment // writable and read-only data, for GOT slots
	funcs []gosym.Func
	syms  map[string]uintptr
}

func openImage(t testing.TB, path string) *image {
	t.Helper()
	f, err := elf.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	im := &image{arch: f.Machine, syms: map[string]uintptr{}}
	read := func(s *elf.Section) Segment {
		b, err := s.Data()
		if err != nil {
			t.Fatal(err)
		}
		return Segment{Addr: uintptr(s.Addr), Bytes: b}
	}
	for _, s := range f.Sections {
		switch {
		case s.Type != elf.SHT_PROGBITS || s.Flags&elf.SHF_ALLOC == 0:
		case s.Flags&elf.SHF_EXECINSTR != 0:
			im.text = append(im.text, read(s))
		default:
			im.data = append(im.data, read(s))
		}
	}
	text := f.Section(".text")
	for _, name := range []string{".gopclntab", ".data.rel.ro.gopclntab"} {
		s := f.Section(name)
		if s == nil {
			continue
		}
		tab, err := gosym.NewTable(nil, gosym.NewLineTable(read(s).Bytes, goTextStart(f, text)))
		if err != nil {
			t.Fatal(err)
		}
		im.funcs = tab.Funcs
	}
	if len(im.funcs) == 0 {
		t.Fatalf("%s: no functions in its pclntab", path)
	}
	if syms, err := f.Symbols(); err == nil {
		for _, s := range syms {
			im.syms[s.Name] = uintptr(s.Value)
		}
	}
	return im
}

// goTextStart is runtime.text: behind the C start-up code in files that the system's linker made.
func goTextStart(f *elf.File, text *elf.Section) uint64 {
	syms, _ := f.Symbols()
	for _, s := range syms {
		if s.Name == "runtime.text" {
			return s.Value
		}
	}
	return text.Addr
}

func (im *image) Bounds(pc uintptr) (entry, end uintptr, ok bool) {
	i := sort.Search(len(im.funcs), func(i int) bool { return im.funcs[i].Entry > uint64(pc) }) - 1
	if i < 0 || uint64(pc) >= im.funcs[i].End {
		return 0, 0, false
	}
	return uintptr(im.funcs[i].Entry), uintptr(im.funcs[i].End), true
}

func (im *image) name(pc uintptr) string {
	entry, _, ok := im.Bounds(pc)
	if !ok {
		return "?"
	}
	i := sort.Search(len(im.funcs), func(i int) bool { return im.funcs[i].Entry >= uint64(entry) })
	return im.funcs[i].Name
}

func (im *image) scan(in *Input) *Result {
	in.Text, in.Funcs = im.text, im
	if im.arch == elf.EM_AARCH64 {
		return ARM64(in)
	}
	return AMD64(in)
}

func (im *image) dump(r *Result) (s string) {
	for _, x := range r.Sites {
		s += fmt.Sprintf("site %d %s %s+%#x ref %#x addr %#x len %d tail %d branch %#x len %d target %#x dormant %v reg %d\n", x.Key, x.Form, im.name(x.Func), x.Addr-x.Func, x.Ref, x.Addr, x.Len, x.TailLen, x.Branch, x.BranchLen, x.Target, x.TakenDormant, x.Reg)
	}
	for _, x := range r.Rejects {
		s += fmt.Sprintf("reject %d %s %s got=%v %#x\n", x.Key, im.name(x.Addr), x.Reason, x.GOT, x.Addr)
	}
	return s + fmt.Sprintf("%+v\n", r.Stats)
}
