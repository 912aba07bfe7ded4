package amd64_test

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/gkhi/gkhi/internal/insn/amd64"
	"github.com/gkhi/gkhi/internal/testenv"
)

// TestObjdump compares lengths and RIP-relative targets with binutils over C
// libraries: hand-written assembly, AVX and AVX-512 that no Go program has.
func TestObjdump(t *testing.T) {
	testenv.Need(t, testenv.OS("linux"), testenv.Arch("amd64"), testenv.Tool("objdump"))
	var files []string
	for _, pattern := range []string{"/lib/x86_64-linux-gnu/libc.so.6", "/lib/x86_64-linux-gnu/libm.so.6",
		"/usr/lib/x86_64-linux-gnu/libcrypto.so.3", "/lib64/libc.so.6", "/lib64/libm.so.6"} {
		found, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, found...)
	}
	if len(files) == 0 {
		t.Skip("none of the C libraries that this test knows of is here")
	}
	if quick() {
		files = files[:1]
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			n, refused := compareObjdump(t, "-d", file)
			t.Logf("%d instructions; refused: %v", n, refused)
			if n < 100_000 {
				t.Errorf("only %d instructions were compared", n)
			}
		})
	}
}

// TestObjdumpRandom compares on random bytes, half of them behind a prefix that leads to
// the less common maps. Instructions that one of the two refuses say nothing:
// objdump is laxer about some, the decoder about others.
func TestObjdumpRandom(t *testing.T) {
	testenv.Need(t, testenv.Tool("objdump"))
	rng := rand.New(rand.NewPCG(1, 2))
	var b []byte
	for len(b) < 1<<20 {
		lead := [][]byte{{}, {}, {0x0F}, {0x66}, {0xF3, 0x0F}, {0x48}, {0x0F, 0x38}, {0x66, 0x0F, 0x3A}, {0xC4}, {0xC5}, {0x62}}
		b = append(b, lead[rng.IntN(len(lead))]...)
		for range 15 {
			b = append(b, byte(rng.Uint32()))
		}
	}
	file := filepath.Join(t.TempDir(), "random")
	if err := os.WriteFile(file, b, 0o600); err != nil {
		t.Fatal(err)
	}
	n, refused := compareObjdump(t, "-Dbbinary", "-mi386:x86-64", file)
	t.Logf("%d instructions; refused: %v", n, refused)
	if n < 100_000 {
		t.Errorf("only %d instructions were compared", n)
	}
}

// compareObjdump compares with objdump's view of a file. It returns the number of
// instructions, and by mnemonic how many of them the decoder refused.
func compareObjdump(t *testing.T, args ...string) (n int, refused map[string]int) {
	t.Helper()
	refused = map[string]int{}
	eachObjdump(t, args, func(l dumpLine) {
		if l.code[0] == 0x9B && len(l.code) > 1 { // FWAIT, an instruction of its own
			l.code, l.addr = l.code[1:], l.addr+1
		}
		if strings.Contains(l.text, "(bad)") {
			return
		}
		n++
		i, err := amd64.Decode(l.code)
		switch {
		case err != nil:
			refused[l.name()]++
			if !mayRefuse(&l) {
				t.Errorf("%#x: % x: %v, objdump says %s", l.addr, l.code, err, l.text)
			}
		case i.Op == 0x9B && i.Map == amd64.MapOne: // objdump joins it with what follows
		case int(i.Len) != len(l.code):
			t.Errorf("%#x: % x: Len %d, objdump says %s", l.addr, l.code, i.Len, l.text)
		case i.RIPRel != (l.rip != 0) || i.RIPRel && i.RIPTarget(l.addr) != l.rip:
			t.Errorf("%#x: % x: RIP-relative %v to %#x, objdump says %s",
				l.addr, l.code, i.RIPRel, i.RIPTarget(l.addr), l.text)
		}
	})
	return n, refused
}

// mayRefuse reports whether a line is no instruction of its own (a prefix
// alone), or one that the decoder refuses on purpose. C libraries have these in the
// tables that they keep between functions.
func mayRefuse(l *dumpLine) bool {
	if name := l.name(); name == ".byte" || name == "rex" || strings.HasPrefix(name, "rex.") {
		return true
	}
	op, opsize := l.code, false
	for len(op) > 0 && bytes.IndexByte([]byte{0x26, 0x2E, 0x36, 0x3E, 0x64, 0x65, 0x66, 0x67, 0xF0, 0xF2, 0xF3}, op[0]) >= 0 {
		opsize = opsize || op[0] == 0x66
		op = op[1:]
	}
	if len(op) > 0 && op[0]&0xF0 == 0x40 {
		op = op[1:]
	}
	if len(op) == 0 {
		return true
	}
	switch {
	case op[0] == 0x8F: // XOP
		return true
	case op[0] == 0xC4, op[0] == 0xC5, op[0] == 0x62: // VEX and EVEX behind a prefix
		return len(op) < len(l.code)
	case op[0] == 0x0F && len(op) > 1:
		return slices.Contains([]byte{0x0E, 0x0F, 0xA6, 0xA7}, op[1]) || // 3DNow!, PadLock
			opsize && op[1]&0xF0 == 0x80
	}
	return opsize && (op[0] == 0xE8 || op[0] == 0xE9 || op[0] == 0xEB || op[0]&0xF0 == 0x70 || op[0]&0xFC == 0xE0)
}

type dumpLine struct {
	addr uint64
	code []byte
	text string
	rip  uint64 // target of a RIP-relative operand
}

func (l *dumpLine) name() string {
	name, _, _ := strings.Cut(l.text, " ")
	return name
}

func eachObjdump(t *testing.T, args []string, f func(dumpLine)) {
	t.Helper()
	cmd := exec.Command("objdump", append([]string{"-w", "--insn-width=16"}, args...)...)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	sc := bufio.NewScanner(out)
	for sc.Scan() {
		l, ok, err := parseDump(sc.Text())
		if err != nil {
			t.Errorf("%q: %v", sc.Text(), err)
		} else if ok {
			f(l)
		}
	}
	if err := sc.Err(); err != nil {
		t.Error(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Error("objdump: ", err)
	}
}

// parseDump parses a line such as "  26a6e:\t48 8b 05 ...\tmov    0x1(%rip),%rax
// # 1d2f90 <x>".
func parseDump(s string) (l dumpLine, ok bool, err error) {
	part := strings.Split(s, "\t")
	if len(part) < 3 || !strings.HasSuffix(part[0], ":") {
		return l, false, nil
	}
	l.addr, err = strconv.ParseUint(strings.TrimSuffix(strings.TrimSpace(part[0]), ":"), 16, 64)
	if err != nil {
		return l, false, err
	}
	l.code, err = hex.DecodeString(strings.ReplaceAll(part[1], " ", ""))
	if err != nil {
		return l, false, err
	}
	l.text = part[2]
	if _, target, found := strings.Cut(l.text, "(%rip)"); found {
		if _, target, found = strings.Cut(target, "# "); !found {
			return l, false, fmt.Errorf("no target in %q", l.text)
		}
		target, _, _ = strings.Cut(target, " ")
		l.rip, err = strconv.ParseUint(strings.TrimPrefix(target, "0x"), 16, 64)
	}
	return l, err == nil, err
}
