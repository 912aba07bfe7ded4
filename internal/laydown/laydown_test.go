package laydown

import (
	"bytes"
	"compress/zlib"
	"debug/dwarf"
	"debug/elf"
	"encoding/binary"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/gkhi/gkhi/internal/instrument"
	"github.com/gkhi/gkhi/internal/sitetab"
	"github.com/gkhi/gkhi/internal/testenv"
)

func TestMain(m *testing.M) { testenv.Main(m) }

// program builds a little program whose source has points, with the ordinary go command, and returns it with
// what a compilation would have left. (Package internal/gobuild tests the whole way.)
func program(t *testing.T, env ...string) (exe string, pkgs []*sitetab.Package) {
	t.Helper()
	return programOf(t, source, env...)
}

func programOf(t *testing.T, source string, env ...string) (exe string, pkgs []*sitetab.Package) {
	t.Helper()
	testenv.Need(t, testenv.Linux, testenv.Native)
	dir := t.TempDir()
	res, err := instrument.Rewrite(instrument.Package{
		Path: "main", Files: []instrument.File{{Name: "main.go", Src: []byte(source)}},
	}, instrument.Options{Min: 0})
	if err != nil {
		t.Fatal(err)
	}
	files := map[string][]byte{"go.mod": []byte("module example.com/p\n\ngo 1.24\n"), "words.go": res.Words.Src, "main.go": res.Files[0].Src}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	exe = filepath.Join(dir, "p")
	cmd := testenv.Command(t, "go", "build", "-o", exe, ".")
	cmd.Dir = dir
	cmd.Env = append(append(cmd.Environ(), "PWD="+dir, "CGO_ENABLED=0"), env...)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	p := &sitetab.Package{ImportPath: "example.com/p", Symbol: res.Symbol}
	for _, q := range res.Points {
		p.Points = append(p.Points, sitetab.Point{Func: q.Func, Kind: q.Kind, File: q.File, Line: q.Line, InRange: q.InRange, Stored: q.Stored, Params: q.Params, Results: q.Results})
	}
	return exe, []*sitetab.Package{p}
}

const source = `package main

import "os"

func main() {
	if sum(4) != 6 || len(os.Args) > 5 {
		os.Exit(1)
	}
	println("right")
}

//go:noinline
func sum(n int) (s int) {
	for i := range n {
		s += i
	}
	return s
}
`

func TestLay(t *testing.T) {
	for _, arch := range []string{"amd64", "arm64"} {
		t.Run(arch, func(t *testing.T) {
			exe, pkgs := program(t, "GOARCH="+arch)
			before, err := os.ReadFile(exe)
			if err != nil {
				t.Fatal(err)
			}
			r, err := Lay(exe, pkgs, Options{First: []string{"os", "internal/poll", "not/in/it"}})
			if err != nil {
				t.Fatal(err)
			}
			if r.Sites < 4 || r.Funcs != 2 || r.Unpatched > 0 {
				t.Errorf("%+v", r)
			}
			f, err := os.Open(exe)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			table, err := sitetab.Read(f)
			if err != nil || table.Arch != arch || table.Funcs[1].Name != "main.sum" || table.Funcs[1].Line != 13 {
				t.Fatalf("%+v, %v", table, err)
			}
			// Of what is loaded only the sites' bytes and the order changed.
			after, err := os.ReadFile(exe)
			if err != nil {
				t.Fatal(err)
			}
			changed := 0
			for i := range sameSections(t, before, after) {
				if before[i] != after[i] {
					changed++
				}
			}
			if most := 8*r.Sites + 16 + 8*100; changed == 0 || changed > most {
				t.Errorf("%d bytes changed, at most %d should", changed, most)
			}
			if _, err := Lay(exe, pkgs, Options{}); err == nil || !strings.Contains(err.Error(), "already") {
				t.Errorf("laid down twice: %v", err)
			}
			if arch == runtime.GOARCH {
				runs(t, exe)
				stripped(t, exe)
			}
		})
	}
}

// sameSections compares what isn't loaded, and returns where what is ends.
func sameSections(t *testing.T, before, after []byte) (end int) {
	t.Helper()
	old, err := elf.NewFile(bytes.NewReader(before))
	if err != nil {
		t.Fatal(err)
	}
	now, err := elf.NewFile(bytes.NewReader(after))
	if err != nil {
		t.Fatal(err)
	}
	if len(now.Sections) != len(old.Sections)+1 {
		t.Fatalf("%d sections, were %d", len(now.Sections), len(old.Sections))
	}
	for i, o := range old.Sections {
		n := now.Sections[i]
		if n.Name != o.Name || n.Type != o.Type || n.Flags != o.Flags || n.Addr != o.Addr || n.Link != o.Link {
			t.Errorf("section %+v was %+v", n.SectionHeader, o.SectionHeader)
		}
		if o.Flags&elf.SHF_ALLOC != 0 || o.Type == elf.SHT_NULL {
			if n.Offset != o.Offset || n.Size != o.Size {
				t.Errorf("%s was moved", o.Name)
			}
			if o.Type != elf.SHT_NOBITS {
				end = max(end, int(o.Offset+o.Size))
			}
			continue
		}
		if n.FileSize > o.FileSize && o.Name != ".shstrtab" || n.Addralign > 0 && n.Offset%n.Addralign != 0 {
			t.Errorf("section %+v was %+v", n.SectionHeader, o.SectionHeader)
		}
		a, err1 := o.Data()
		b, err2 := n.Data()
		if err1 != nil || err2 != nil || !bytes.HasPrefix(b, a) || len(b) != len(a) && o.Name != ".shstrtab" {
			t.Errorf("%s has other content: %v, %v", o.Name, err1, err2)
		}
	}
	if len(after) >= len(before) {
		t.Errorf("%d bytes are %d", len(before), len(after)) // a program so small has a smaller table than what is gained
	}
	return end
}

func runs(t *testing.T, exe string) {
	t.Helper()
	if out, err := exec.Command(exe).CombinedOutput(); err != nil || string(out) != "right\n" {
		t.Errorf("%s: %v, %q", exe, err, out)
	}
}

// stripped has strip(1) take all symbols: the program and the table stay.
func stripped(t *testing.T, exe string) {
	t.Helper()
	strip, err := exec.LookPath("strip")
	if err != nil {
		t.Log("without strip: not tested")
		return
	}
	if out, err := exec.Command(strip, exe).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	runs(t, exe)
	f, err := os.Open(exe)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := sitetab.Read(f); err != nil {
		t.Errorf("after strip: %v", err)
	}
}

// TestRefuse lays down what can't be: the file stays as it was.
func TestRefuse(t *testing.T) {
	exe, pkgs := program(t)
	good, err := os.ReadFile(exe)
	if err != nil {
		t.Fatal(err)
	}
	machine := bytes.Clone(good)
	binary.LittleEndian.PutUint16(machine[18:], uint16(elf.EM_RISCV))
	headers := bytes.Clone(good)
	binary.LittleEndian.PutUint64(headers[0x28:], uint64(len(good)))
	for name, b := range map[string][]byte{
		"empty": nil, "a script": []byte("#!/bin/sh\nexit\n"), "half": good[:len(good)/2], "another machine": machine, "no section headers": headers,
	} {
		if err := os.WriteFile(exe, b, 0o700); err != nil {
			t.Fatal(err)
		}
		if _, err := Lay(exe, pkgs, Options{}); err == nil {
			t.Errorf("%s: it is laid down", name)
		}
		if now, err := os.ReadFile(exe); err != nil || !bytes.Equal(now, b) {
			t.Errorf("%s: the file was changed: %v", name, err)
		}
	}
	left, err := filepath.Glob(exe + ".gkhi-*")
	if err != nil || len(left) > 0 {
		t.Errorf("left over: %v, %v", left, err)
	}
}

// TestTwin takes the symbols from another file, which must be the same program.
func TestTwin(t *testing.T) {
	exe, pkgs := program(t)
	twin := exe + ".twin"
	b, err := os.ReadFile(exe)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(twin, b, 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := Lay(exe, pkgs, Options{Twin: twin}); err != nil {
		t.Fatal(err)
	}
	runs(t, exe)
	if _, err := Lay(twin, pkgs, Options{Twin: exe}); err == nil {
		t.Error("another program passes for a twin")
	}
}

func TestEscape(t *testing.T) {
	for path, want := range map[string]string{"fmt": "fmt", "gopkg.in/yaml.v3": "gopkg.in/yaml%2ev3", "a.b/c": "a.b/c", "x/é": "x/%c3%a9"} {
		if got := escape(path); got != want {
			t.Errorf("%s: %s, want %s", path, got, want)
		}
	}
}

func FuzzLay(f *testing.F) {
	f.Add([]byte("\x7fELF\x02\x01\x01"))
	if b, err := os.ReadFile("/proc/self/exe"); err == nil {
		f.Add(b[:4096])
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		exe := filepath.Join(t.TempDir(), "p")
		if err := os.WriteFile(exe, b, 0o700); err != nil {
			t.Fatal(err)
		}
		if _, err := Lay(exe, nil, Options{First: []string{"fmt"}, Nameless: []string{"os"}}); err == nil {
			t.Skip("it is a program")
		}
		if now, err := os.ReadFile(exe); err != nil || !bytes.Equal(now, b) {
			t.Errorf("the file was changed: %v", err)
		}
	})
}

// FuzzDenser has sections that are damaged stay as they are, and others keep what is in them.
func FuzzDenser(f *testing.F) {
	text := bytes.Repeat([]byte("debug information "), 100)
	b := bytes.NewBuffer(binary.LittleEndian.AppendUint32(nil, uint32(elf.COMPRESS_ZLIB)))
	b.Write(binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint64(make([]byte, 4), uint64(len(text))), 1))
	w, err := zlib.NewWriterLevel(b, zlib.HuffmanOnly)
	if err != nil {
		f.Fatal(err)
	}
	w.Write(text)
	w.Close()
	good := bytes.Clone(b.Bytes())
	if out := denser(good, nil); len(out) >= len(good) || !bytes.Equal(out[:chdrSize], good[:chdrSize]) {
		f.Errorf("%d bytes are %d", len(good), len(out))
	}
	f.Add(good)
	f.Add(good[:len(good)-1])
	f.Add(good[:chdrSize])
	f.Add([]byte("short"))
	f.Fuzz(func(t *testing.T, section []byte) {
		out := denser(section, nil)
		if bytes.Equal(out, section) {
			return
		}
		var got [2][]byte
		for i, s := range [][]byte{section, out} {
			r, err := zlib.NewReader(bytes.NewReader(s[chdrSize:]))
			if err != nil {
				t.Fatal(err)
			}
			if got[i], err = io.ReadAll(r); err != nil {
				t.Fatal(err)
			}
		}
		if len(out) > len(section) || !bytes.Equal(got[0], got[1]) {
			t.Errorf("%d bytes are %d, or other ones", len(section), len(out))
		}
	})
}

// FuzzSilence overwrites the line programs of a section that is damaged, or not.
func FuzzSilence(f *testing.F) {
	f.Add([]byte{12, 0, 0, 0, 5, 0, 8, 0, 3, 0, 0, 0, 1, 1, 1, 9}, 0)
	f.Add([]byte{9, 0, 0, 0, 4, 0, 2, 0, 0, 0, 1, 1, 9}, 0)
	f.Add([]byte{255, 255, 255, 255, 5, 0, 8, 0, 255, 255, 255, 255, 1}, 0)
	f.Fuzz(func(t *testing.T, lines []byte, at int) {
		before := bytes.Clone(lines)
		silence(lines, []int64{int64(at)})
		for i, b := range lines {
			if b != before[i] && (b != silent || i < at+10) {
				t.Fatalf("% x became % x", before, lines)
			}
		}
	})
}

// linesOf counts the rows of the line tables of each package.
func linesOf(t *testing.T, exe string) map[string]int {
	t.Helper()
	f, err := elf.Open(exe)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	d, err := f.DWARF()
	if err != nil {
		t.Fatal(err)
	}
	rows := map[string]int{}
	for r := d.Reader(); ; r.SkipChildren() {
		unit, err := r.Next()
		if err != nil {
			t.Fatal(err)
		}
		if unit == nil {
			return rows
		}
		lines, err := d.LineReader(unit)
		if err != nil {
			t.Fatal(err)
		}
		for lines != nil {
			var row dwarf.LineEntry
			if err := lines.Next(&row); err == io.EOF {
				break
			} else if err != nil {
				t.Fatal(err)
			}
			rows[unit.Val(dwarf.AttrName).(string)]++
		}
	}
}

// TestNameless takes the symbols and lines of two packages out.
func TestNameless(t *testing.T) {
	exe, pkgs := program(t)
	before, err := symbols(exe)
	if err != nil {
		t.Fatal(err)
	}
	wantLines := linesOf(t, exe)
	if wantLines["os"] == 0 || wantLines["internal/poll"] == 0 {
		t.Fatalf("the packages have no lines: %v", wantLines)
	}
	delete(wantLines, "os")
	delete(wantLines, "internal/poll")
	if _, err := Lay(exe, pkgs, Options{Nameless: []string{"os", "internal/poll"}}); err != nil {
		t.Fatal(err)
	}
	runs(t, exe)
	if lines := linesOf(t, exe); !maps.Equal(lines, wantLines) {
		t.Errorf("lines: %v, want %v", lines, wantLines)
	}
	f, err := elf.Open(exe)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	after, err := f.Symbols()
	if err != nil {
		t.Fatal(err)
	}
	want := slices.DeleteFunc(before, func(s elf.Symbol) bool {
		return strings.HasPrefix(s.Name, "os.") || strings.HasPrefix(s.Name, "internal/poll.")
	})
	if !slices.Equal(after, want) || len(after) == len(before) {
		t.Errorf("%d symbols are there, want %d", len(after), len(want))
	}
	symtab := f.SectionByType(elf.SHT_SYMTAB)
	for i, s := range after {
		if local := elf.ST_BIND(s.Info) == elf.STB_LOCAL; local != (i+1 < int(symtab.Info)) {
			t.Fatalf("symbol %d, %+v, is on the wrong side of %d", i+1, s, symtab.Info)
		}
	}
}
