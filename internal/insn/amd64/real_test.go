package amd64_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/gkhi/gkhi/internal/insn/amd64"
	"github.com/gkhi/gkhi/internal/scan/elfimage"
	"github.com/gkhi/gkhi/internal/testenv"
)

// goPrograms returns the Go command's own programs: the largest real programs
// that are wherever Go is.
func goPrograms(t *testing.T) []string {
	t.Helper()
	testenv.Need(t, testenv.OS("linux"), testenv.Arch("amd64"), testenv.GoCommand)
	root := goroot(t)
	if quick() {
		return []string{filepath.Join(root, "bin/gofmt")}
	}
	return []string{
		filepath.Join(root, "bin/gofmt"),
		filepath.Join(root, "pkg/tool/linux_amd64/compile"),
	}
}

// TestRealPrograms decodes every function of real programs from its entry and
// compares each instruction with golang.org/x/arch.
func TestRealPrograms(t *testing.T) {
	for _, path := range goPrograms(t) {
		t.Run(filepath.Base(path), func(t *testing.T) {
			t.Parallel()
			if _, err := os.Stat(path); err != nil {
				t.Skip("this Go has no such program: " + err.Error())
			}
			im, err := elfimage.Open(path)
			if err != nil {
				t.Fatal(err)
			}
			n, unknown := 0, map[string]int{}
			for _, f := range im.Funcs {
				n += compareFunc(t, im, f, unknown)
				if t.Failed() {
					break
				}
			}
			t.Logf("%d functions, %d instructions; unknown to x/arch: %v", len(im.Funcs), n, unknown)
			if n < 100_000 {
				t.Errorf("only %d instructions were compared", n)
			}
		})
	}
}

func compareFunc(t *testing.T, im *elfimage.Image, f elfimage.Func, unknown map[string]int) (n int) {
	t.Helper()
	code := im.Code(f)
	for off := 0; off < len(code); {
		i, err := amd64.Decode(code[off:])
		where := place{f.Name, off}
		if err != nil {
			t.Errorf("%v: % x: %v", where, code[off:min(off+15, len(code))], err)
			return n
		}
		if x, ok := xdecode(code[off:]); ok {
			compare(t, where, code[off:], &i, &x)
			n++
		} else {
			unknown[fmt.Sprintf("%x/%02x", i.Map, i.Op)]++
		}
		off += int(i.Len)
	}
	return n
}
