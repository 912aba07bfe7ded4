package gkhi

import (
	"debug/elf"
	"encoding/binary"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strings"
	"testing"

	"golang.org/x/arch/arm64/arm64asm"
	"golang.org/x/arch/x86/x86asm"

	"github.com/gkhi/gkhi/internal/testenv"
)

const shapes = "./testdata/shape"

// TestSiteShape holds the compiler to the machine code that the comments of Armed
// and Hit promise, in the functions of testdata/shape.
func TestSiteShape(t *testing.T) {
	for arch, read := range map[string]func(*shapeProgram, shapeFunc) shape{"amd64": readAMD64, "arm64": readARM64} {
		t.Run(arch, func(t *testing.T) {
			p := openShapes(t, testenv.BuildSpec{
				Pkg: shapes, Env: []string{"GOOS=linux", "GOARCH=" + arch, "CGO_ENABLED=0"},
			})
			for name, want := range shapeWants(t) {
				for _, f := range p.functions(t, name) {
					got := read(p, f)
					slices.Sort(got.sites)
					if !slices.Equal(got.sites, want.sites) || want.leaf && !got.leaf {
						t.Errorf("%s holds %q, leaf: %v; want %q, leaf: %v\n%s",
							f.name, got.sites, got.leaf, want.sites, want.leaf, got.text)
					}
				}
			}
		})
	}
}

// Under the race detector, which a plain load of a flag would be a finding for,
// there are no sites but calls of what it knows.
func TestSiteShapeRace(t *testing.T) {
	testenv.Need(t, testenv.Linux, testenv.Arch("amd64"), testenv.Native, testenv.Tool("gcc"))
	p := openShapes(t, testenv.BuildSpec{Pkg: shapes, Flags: []string{"-race"}})
	for name, want := range shapeWants(t) {
		for _, f := range p.functions(t, name) {
			got := readAMD64(p, f)
			if len(got.sites) != 0 {
				t.Errorf("%s holds %q\n%s", f.name, got.sites, got.text)
			}
			guarded := 0
			for _, s := range want.sites {
				if strings.HasSuffix(s, " guarded") {
					guarded++
				}
			}
			// What would be inlined is not always, with the detector's calls in it.
			n := strings.Count(got.text, "CALL sync/atomic.(*Bool).Load(") + strings.Count(got.text, "CALL main.fire(")
			if n != guarded {
				t.Errorf("%s loads %d flags atomically, want %d\n%s", f.name, n, guarded, got.text)
			}
		}
	}
}

// A shape is what a function holds.
type shape struct {
	sites []string // such as "hook guarded"; one with a ? is a reference of another form
	leaf  bool     // it has no frame and calls nothing
	text  string   // disassembled
}

// shapeWants reads the comments of the fixture.
func shapeWants(t *testing.T) map[string]shape {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), shapes+"/main.go", nil, parser.ParseComments)
	must(t, err)
	wants := map[string]shape{}
	for _, d := range file.Decls {
		fn, ok := d.(*ast.FuncDecl)
		if !ok {
			continue
		}
		_, list, ok := strings.Cut(fn.Doc.Text(), "want: ")
		if !ok {
			continue
		}
		var want shape
		for _, w := range strings.Split(strings.TrimSpace(list), ", ") {
			if w == "leaf" {
				want.leaf = true
			} else {
				want.sites = append(want.sites, w)
			}
		}
		slices.Sort(want.sites)
		wants[fn.Name.Name] = want
	}
	if len(wants) < 10 {
		t.Fatalf("only %d functions of the fixture say what they want", len(wants))
	}
	return wants
}

// A shapeProgram is the compiled fixture.
type shapeProgram struct {
	text *elf.Section
	code []byte
	syms []elf.Symbol
	keys map[uint64]string // where the sites' variables are
}

type shapeFunc struct {
	name string
	addr uint64
	code []byte
}

func openShapes(t *testing.T, spec testenv.BuildSpec) *shapeProgram {
	t.Helper()
	f, err := elf.Open(testenv.BuildWith(t, spec))
	must(t, err)
	t.Cleanup(func() { must(t, f.Close()) })
	p := &shapeProgram{text: f.Section(".text"), keys: map[uint64]string{}}
	p.code, err = p.text.Data()
	must(t, err)
	p.syms, err = f.Symbols()
	must(t, err)
	for name, offset := range map[string]uint64{"hook": 0, "other": 0, "decision": 0, "point": 0, "grouped": 24} {
		i := slices.IndexFunc(p.syms, func(s elf.Symbol) bool { return s.Name == "main."+name })
		if i < 0 {
			t.Fatalf("no variable %s", name)
		}
		p.keys[p.syms[i].Value+offset] = name
	}
	return p
}

// functions returns the function of that name, each instance of it if it is generic.
func (p *shapeProgram) functions(t *testing.T, name string) (fs []shapeFunc) {
	t.Helper()
	for _, s := range p.syms {
		if s.Name != "main."+name && !strings.HasPrefix(s.Name, "main."+name+"[") {
			continue
		}
		at := s.Value - p.text.Addr
		fs = append(fs, shapeFunc{s.Name, s.Value, p.code[at : at+s.Size]})
	}
	if len(fs) == 0 {
		t.Errorf("no function %s", name)
	}
	return fs
}

func (p *shapeProgram) symbol(addr uint64) (name string, base uint64) {
	for _, s := range p.syms {
		if s.Value <= addr && addr < s.Value+max(s.Size, 1) {
			return s.Name, s.Value
		}
	}
	return "", 0
}

// readAMD64 looks for CMPB $0, key(SB); JEQ or JNE and for MOVQ key(SB), R.
func readAMD64(p *shapeProgram, f shapeFunc) (s shape) {
	s.leaf = true
	for at := 0; at < len(f.code); {
		in, err := x86asm.Decode(f.code[at:], 64)
		if err != nil {
			s.sites = append(s.sites, fmt.Sprintf("? at %#x: %v", at, err))
			return s
		}
		pc := f.addr + uint64(at)
		s.text += fmt.Sprintf("%#x\t% x\t%s\n", pc, f.code[at:at+in.Len], x86asm.GoSyntax(in, pc, p.symbol))
		next := pc + uint64(in.Len)
		switch in.Op {
		case x86asm.CALL, x86asm.PUSH:
			s.leaf = false
		}
		for _, arg := range in.Args {
			m, ok := arg.(x86asm.Mem)
			if !ok || m.Base != x86asm.RIP || in.Op == x86asm.LEA {
				continue
			}
			key := p.keys[next+uint64(m.Disp)]
			op := f.code[at:]
			switch {
			case key == "":
			case in.Len == 7 && op[0] == 0x80 && op[1] == 0x3d && op[6] == 0 && branchAMD64(op[7:]):
				s.sites = append(s.sites, key+" guarded")
			case in.Len == 7 && op[0]&^4 == 0x48 && op[1] == 0x8b && op[2]&0xc7 == 0x05:
				s.sites = append(s.sites, key+" bare")
			default:
				s.sites = append(s.sites, key+" ? "+in.String())
			}
		}
		at += in.Len
	}
	return s
}

// branchAMD64 reports whether code is JEQ or JNE, behind no-ops for padding.
func branchAMD64(code []byte) bool {
	for {
		in, err := x86asm.Decode(code, 64)
		if err != nil {
			return false
		}
		if in.Op != x86asm.NOP {
			return in.Op == x86asm.JE || in.Op == x86asm.JNE
		}
		code = code[in.Len:]
	}
}

// readARM64 looks for ADRP key, R; MOVBU key(R), S; TBZ, TBNZ, CBZ or CBNZ S and
// for ADRP key, R; ADD key, R; LDAR (R), S. Several loads may share an address.
func readARM64(p *shapeProgram, f shapeFunc) (s shape) {
	s.leaf = true
	var pages, addrs [32]uint64 // by register
	for at := 0; at+8 <= len(f.code); at += 4 {
		w, next := binary.LittleEndian.Uint32(f.code[at:]), binary.LittleEndian.Uint32(f.code[at+4:])
		pc := f.addr + uint64(at)
		if in, err := arm64asm.Decode(f.code[at:]); err == nil {
			s.text += fmt.Sprintf("%#x\t%08x\t%s\n", pc, w, arm64asm.GoSyntax(in, pc, p.symbol, nil))
		}
		rd, rn, imm12 := w&31, w>>5&31, uint64(w>>10&0xfff)
		switch {
		case w&0x9f000000 == 0x90000000: // ADRP
			n := int64(int32(w<<8))>>13<<2 | int64(w>>29&3)
			pages[rd] = pc&^0xfff + uint64(n<<12)
		case w>>22 == 0x244: // ADD
			addrs[rd] = pages[rn] + imm12
		case w>>22 == 0xe5 && p.keys[pages[rn]+imm12] != "": // MOVBU
			key := p.keys[pages[rn]+imm12]
			branch := next >> 25 & 0x3f // without the bit that tells 32 from 64 bits
			if (branch == 0x1a || branch == 0x1b) && next&31 == rd {
				s.sites = append(s.sites, key+" guarded")
			} else {
				s.sites = append(s.sites, fmt.Sprintf("%s ? MOVBU, %08x", key, next))
			}
		case w&0xfffffc00 == 0xc8dffc00 && p.keys[addrs[rn]] != "": // LDAR
			s.sites = append(s.sites, p.keys[addrs[rn]]+" bare")
		case w>>26 == 0x25, w&0xfffffc1f == 0xd63f0000, // BL, BLR
			w&0xffe00fff == 0xf8000ffe: // MOVD.W R30, -n(RSP)
			s.leaf = false
		}
	}
	return s
}
