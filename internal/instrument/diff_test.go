package instrument

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/gkhi/gkhi/internal/testenv"
)

// TestDifferential builds a program with and without points, and compares what
// it prints, and its tracebacks when it ends in a panic.
func TestDifferential(t *testing.T) {
	testenv.Need(t, testenv.GoCommand, testenv.NotShort)
	const dir = "testdata/diff"
	list := goList(t, "./"+dir)
	list[0].ImportPath = "main"
	file, tables := overlay(t, list, Options{})
	for _, l := range tables["main"].Left {
		t.Errorf("%s:%d: %s", l.File, l.Line, l.Reason)
	}
	plain := testenv.BuildWith(t, testenv.BuildSpec{Pkg: "./" + dir})
	hooked := testenv.BuildWith(t, testenv.BuildSpec{Pkg: "./" + dir, Flags: []string{"-overlay=" + file}})

	for _, args := range [][]string{nil, {"panic"}} {
		want, got := outputOf(t, plain, args...), outputOf(t, hooked, args...)
		if !strings.Contains(want, "goexit <nil>") {
			t.Fatalf("the program is wrong:\n%s", want)
		}
		diff(t, want, got)
	}
	t.Run("sites", func(t *testing.T) { checkSites(t, hooked, tables["main"]) })
}

// addresses are what tracebacks have of a program's layout.
var addresses = regexp.MustCompile(`0x[0-9a-f]+\??|\(\.\.\.\)`)

func outputOf(t *testing.T, program string, args ...string) string {
	t.Helper()
	cmd := testenv.Command(t, program, args...)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	if (err != nil) != (len(args) > 0) {
		t.Fatalf("%v: %v\n%s", cmd.Args, err, &out)
	}
	return addresses.ReplaceAllString(out.String(), "N")
}

// checkSites holds the package comment to its word: the words are one variable, and each point is
// a MOVQ word(SB), R of 7 bytes, at least once in the text.
func checkSites(t *testing.T, program string, res *Result) {
	testenv.Need(t, testenv.Arch("amd64"), testenv.OS("linux"))
	f, err := elf.Open(program)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	syms, err := f.Symbols()
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(syms, func(s elf.Symbol) bool { return s.Name == res.Symbol })
	if i < 0 {
		t.Fatalf("no symbol %s", res.Symbol)
	}
	words := syms[i]
	if words.Size != uint64(8*len(res.Points)) {
		t.Errorf("%s has %d bytes for %d points", words.Name, words.Size, len(res.Points))
	}
	text := f.Section(".text")
	code, err := text.Data()
	if err != nil {
		t.Fatal(err)
	}
	hits := make([]int, len(res.Points))
	for at := range len(code) - 7 {
		// REX.W (and R), MOV r64 ← r/m64, RIP-relative.
		if code[at]&^4 != 0x48 || code[at+1] != 0x8b || code[at+2]&0xc7 != 0x05 {
			continue
		}
		disp := int32(binary.LittleEndian.Uint32(code[at+3:]))
		target := text.Addr + uint64(at) + 7 + uint64(int64(disp))
		if off := target - words.Value; off < words.Size {
			if off%8 != 0 {
				t.Errorf("a load from the middle of word %d", off/8)
			}
			hits[off/8]++
		}
	}
	for i, n := range hits {
		if n == 0 {
			t.Errorf("no site: %+v", res.Points[i])
		}
	}
}

// TestNames compares the table's names of functions with the symbols of a program.
func TestNames(t *testing.T) {
	testenv.Need(t, testenv.GoCommand, testenv.NotShort, testenv.OS("linux"))
	list := goList(t, "./testdata/diff")
	list[0].ImportPath = "main"
	_, tables := overlay(t, list, Options{})
	program := testenv.BuildWith(t, testenv.BuildSpec{Pkg: "./testdata/diff", Flags: []string{"-gcflags=-l"}})
	out, err := exec.Command("go", "tool", "nm", program).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	symbols := map[string]bool{}
	shape := regexp.MustCompile(`\[go\.shape\.[^\]]*\]`)
	for line := range strings.Lines(string(out)) {
		if fields := strings.Fields(line); len(fields) > 2 {
			symbols[shape.ReplaceAllString(strings.Join(fields[2:], " "), "[...]")] = true
		}
	}
	for _, p := range tables["main"].Points {
		if !symbols[p.Func] {
			t.Errorf("no symbol for %s %s:%d", p.Func, filepath.Base(p.File), p.Line)
		}
	}
}
