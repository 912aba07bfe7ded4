package laydown

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"debug/elf"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/gkhi/gkhi/internal/insn/amd64/encode"
	"github.com/gkhi/gkhi/internal/insn/arm64"
	"github.com/gkhi/gkhi/internal/scan"
	"github.com/gkhi/gkhi/internal/scan/elfimage"
	"github.com/gkhi/gkhi/internal/sitetab"
)

// Options say what Lay does besides.
type Options struct {
	// Twin is an executable that is the same but for its symbols and debug information, for one that has none.
	Twin string

	// First has the import paths of packages that are initialised before all others. It must have
	// whatever a package in it imports; those that the program lacks are passed over.
	First []string

	// Nameless has the import paths of packages whose symbols are taken out of the symbol table, and whose lines
	// out of the debug information. Tracebacks, and profiles by package runtime/pprof, need neither.
	Nameless []string
}

// A Report tells what Lay did.
type Report struct {
	Funcs, Points int            // with at least one site or load
	Sites         int            // no-ops now
	Unpatched     int            // loads that stay
	Reasons       map[string]int // why, and how many
	TableSize     int            // bytes
	NoArgs        string         // why nothing is known of arguments, or ""
	ArgSites      int            // where at least one word of an argument or result is known
}

// Lay lays down the sites of the program exe, which was linked from packages that
// left pkgs, and replaces the file. On an error the file is as it was.
func Lay(exe string, pkgs []*sitetab.Package, opt Options) (Report, error) {
	var r Report
	info, err := os.Stat(exe)
	if err != nil {
		return r, err
	}
	data, err := os.ReadFile(exe)
	if err != nil {
		return r, err
	}
	if data, err = lay(exe, data, pkgs, opt, &r); err != nil {
		return r, fmt.Errorf("lay down the points of %s: %w", exe, err)
	}
	return r, replace(exe, data, info.Mode())
}

// replace writes a file beside name and moves it there.
func replace(name string, data []byte, mode os.FileMode) error {
	f, err := os.CreateTemp(filepath.Dir(name), filepath.Base(name)+".gkhi-")
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	err = errors.Join(err, f.Chmod(mode.Perm()), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		os.Remove(f.Name()) //nolint:errcheck // the first error tells more
	}
	return err
}

// A layer is one program being worked on.
type layer struct {
	file  *elf.File // exe
	data  []byte    // its bytes, which are changed
	image *elfimage.Image
	syms  []elf.Symbol
	pkgs  []*sitetab.Package
	opt   Options
	rep   *Report

	stored map[uint64]bool // sites of points that are Stored
}

func lay(exe string, data []byte, pkgs []*sitetab.Package, opt Options, rep *Report) ([]byte, error) {
	file, err := elf.NewFile(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("it can't be read as ELF: %w", err)
	}
	if file.Class != elf.ELFCLASS64 || file.Data != elf.ELFDATA2LSB || file.Machine != elf.EM_X86_64 && file.Machine != elf.EM_AARCH64 {
		return nil, fmt.Errorf("points can't be laid down for %s", file.Machine)
	}
	if file.Section(sitetab.SectionName) != nil {
		return nil, errors.New("it has a table of hook points already")
	}
	l := &layer{file: file, data: data, pkgs: pkgs, opt: opt, rep: rep, stored: map[uint64]bool{}}
	from := cmp.Or(opt.Twin, exe)
	if l.image, err = elfimage.Open(from); err != nil {
		return nil, err
	}
	if l.syms, err = symbols(from); err != nil {
		return nil, err
	}
	table, err := l.sites()
	if err != nil {
		return nil, err
	}
	if err := l.initFirst(); err != nil {
		return nil, err
	}
	return l.addSection(table)
}

func symbols(name string) ([]elf.Symbol, error) {
	f, err := elf.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if f.Section(sitetab.SectionName) != nil {
		return nil, errors.New("the file that has symbols has a table of hook points already")
	}
	syms, err := f.Symbols()
	if errors.Is(err, elf.ErrNoSymbols) {
		return nil, errors.New("it has no symbols: it was stripped as it was linked")
	}
	return syms, err
}

// A ref is one point of one package: what a key of the scan stands for.
type ref struct{ pkg, point int }

// sites makes the loads no-ops and returns the table.
func (l *layer) sites() (*sitetab.Table, error) {
	var keys []scan.Key
	var refs []ref
	for i, p := range l.pkgs {
		addr, ok := l.image.Syms[p.Symbol]
		if !ok {
			continue // none of its functions is in the program
		}
		for j := range p.Points {
			keys = append(keys, scan.Key{Addr: uintptr(addr) + 8*uintptr(j), Size: 8, Bare: true})
			refs = append(refs, ref{i, j})
		}
	}
	found := map[ref]*sitetab.FuncPoint{}
	at := func(key int) *sitetab.FuncPoint {
		p := found[refs[key]]
		if p == nil {
			q := l.pkgs[refs[key].pkg].Points[refs[key].point]
			p = &sitetab.FuncPoint{Kind: q.Kind, Line: q.Line, InRange: q.InRange}
			found[refs[key]] = p
		}
		return p
	}
	l.rep.Reasons = map[string]int{}
	left := func(key int, why string) {
		at(key).Unpatched++
		l.rep.Unpatched++
		l.rep.Reasons[why]++
	}
	res := l.image.Scan(&scan.Input{Keys: keys})
	for _, s := range res.Sites {
		if s.Form != scan.Bare {
			left(s.Key, "it goes through a table of addresses")
			continue
		}
		if err := l.noop(s); err != nil {
			return nil, err
		}
		p := at(s.Key)
		p.Sites = append(p.Sites, uint64(s.Addr))
		if r := refs[s.Key]; l.pkgs[r.pkg].Points[r.point].Stored {
			l.stored[uint64(s.Addr)] = true
		}
		l.rep.Sites++
	}
	for _, r := range res.Rejects {
		// Without optimisation the compiler takes a word's address, to see that it is not nil, and then loads it.
		if p := found[refs[r.Key]]; r.Reason == scan.AddressTaken && p != nil && len(p.Sites) > 0 {
			continue
		}
		left(r.Key, r.Reason.String())
	}
	return l.table(found)
}

// noop replaces the load of a site.
func (l *layer) noop(s scan.Site) error {
	now := l.bytes(uint64(s.Addr), int(s.Len))
	if now == nil {
		return fmt.Errorf("address %#x is not in the file", s.Addr)
	}
	if was := l.codeOf(s); !bytes.Equal(now, was) {
		return fmt.Errorf("at %#x there is % x, but % x in the file that has symbols", s.Addr, now, was)
	}
	if l.file.Machine == elf.EM_AARCH64 {
		binary.LittleEndian.PutUint32(now, arm64.NOP)
		return nil
	}
	noop, err := encode.DormantLoad(now)
	copy(now, noop)
	return err
}

// codeOf returns the bytes of a site in the image.
func (l *layer) codeOf(s scan.Site) []byte {
	for _, t := range l.image.Text {
		if o := s.Addr - t.Addr; o < uintptr(len(t.Bytes)) {
			return t.Bytes[o:][:s.Len]
		}
	}
	return nil
}

// bytes returns n bytes of the file that are at a virtual address, or nil.
func (l *layer) bytes(addr uint64, n int) []byte {
	for _, p := range l.file.Progs {
		if o := addr - p.Vaddr; p.Type == elf.PT_LOAD && o < p.Filesz && p.Filesz-o >= uint64(n) {
			at := p.Off + o
			if at+uint64(n) > uint64(len(l.data)) {
				return nil
			}
			return l.data[at:][:n]
		}
	}
	return nil
}

// table makes the site table of the points that are in the program.
func (l *layer) table(found map[ref]*sitetab.FuncPoint) (*sitetab.Table, error) {
	arch := map[elf.Machine]string{elf.EM_X86_64: "amd64", elf.EM_AARCH64: "arm64"}[l.file.Machine]
	t := &sitetab.Table{Arch: arch, Anchor: cmp.Or(l.image.Syms[sitetab.AnchorSymbol], l.image.Syms[sitetab.ShortAnchor])}
	for i, pkg := range l.pkgs {
		byName := map[string]*sitetab.Func{}
		var order []*sitetab.Func
		for j, q := range pkg.Points {
			f := byName[q.Func]
			if f == nil {
				f = &sitetab.Func{Name: q.Func, Package: pkg.ImportPath, File: q.File, Line: q.Line}
				byName[q.Func] = f
				order = append(order, f)
			}
			if q.Kind == sitetab.Entry {
				f.Params, f.Results = slices.Clone(q.Params), slices.Clone(q.Results)
			}
			p := found[ref{i, j}]
			if p == nil {
				continue
			}
			slices.Sort(p.Sites)
			f.Points = append(f.Points, *p)
		}
		for _, f := range order {
			if len(f.Points) > 0 {
				t.Funcs = append(t.Funcs, *f)
				l.rep.Points += len(f.Points)
			}
		}
	}
	slices.SortStableFunc(t.Funcs, func(a, b sitetab.Func) int { return cmp.Compare(a.Name, b.Name) })
	l.arguments(t)
	l.rep.Funcs = len(t.Funcs)
	h := sha256.New()
	for _, p := range l.file.Progs {
		if p.Type == elf.PT_LOAD && p.Flags&elf.PF_X != 0 {
			h.Write(l.data[p.Off:min(p.Off+p.Filesz, uint64(len(l.data)))])
		}
	}
	h.Write(t.Append(nil))
	copy(t.ID[:], h.Sum(nil))
	return t, nil
}
