//go:build linux && (amd64 || arm64)

package patch

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// opening is the kernel, and remembers the descriptor of /proc/self/mem.
type opening struct {
	kernel
	fd, opened int
}

func (o *opening) OpenMem() (fd int, err error) {
	o.opened++
	o.fd, err = o.kernel.OpenMem()
	return o.fd, err
}

// TestClosed has the program close the descriptor through which text is written, as one does that closes all it doesn't know, and
// use its number for a file of its own: nothing may be written to that, and the sites have to change.
func TestClosed(t *testing.T) {
	for _, reused := range []bool{false, true} {
		t.Run(map[bool]string{false: "closed", true: "reused"}[reused], func(t *testing.T) {
			sys := &opening{}
			r := newRig(t, sys)
			if n := r.play(t); n > 0 || r.Status().Reason != "" {
				t.Fatalf("%d steps were refused: %+v", n, r.Status())
			}
			if r.mem.Method() != "/proc/self/mem" {
				t.Skip("text is not written through a file here")
			}
			old, opened := sys.fd, sys.opened
			file, err := os.Create(filepath.Join(t.TempDir(), "theirs"))
			if err != nil {
				t.Fatal(err)
			}
			defer file.Close()
			if reused {
				if err := syscall.Dup3(int(file.Fd()), old, syscall.O_CLOEXEC); err != nil {
					t.Fatal(err)
				}
				defer syscall.Close(old)
			} else if err := syscall.Close(old); err != nil {
				t.Fatal(err)
			}
			if n := r.play(t); n > 0 {
				t.Errorf("%d steps were refused: %+v", n, r.Status())
			}
			if sys.opened != opened+1 {
				t.Errorf("/proc/self/mem was opened %d times more, want once", sys.opened-opened)
			}
			if st, err := file.Stat(); err != nil || st.Size() != 0 {
				t.Errorf("%d bytes of text were written to the program's own file, %v", st.Size(), err)
			}
		})
	}
}
