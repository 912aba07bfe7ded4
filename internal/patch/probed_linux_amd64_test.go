package patch

import (
	"bytes"
	"debug/elf"
	"errors"
	"math/rand/v2"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gkhi/gkhi/internal/testenv"
)

// instructions returns the addresses of what may be sites in a program's own package: of marks and compares, and of branches.
func instructions(t *testing.T, prog string) (compares, branches []uint64) {
	t.Helper()
	f, err := elf.Open(prog)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	text := f.Section(".text")
	code, err := text.Data()
	if err != nil {
		t.Fatal(err)
	}
	symbols, err := f.Symbols()
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range symbols {
		if !strings.HasPrefix(s.Name, "main.") || s.Section >= elf.SectionIndex(len(f.Sections)) || f.Sections[s.Section] != text {
			continue
		}
		fn := code[s.Value-text.Addr:][:s.Size]
		for i := 1; i+branchAt+1 < len(fn); i++ {
			b := fn[i+branchAt:]
			if fn[i] != 0x80 || fn[i+1] != 0x3D || fn[i+branchAt-1] != 0 ||
				b[0] != 0x74 && b[0] != 0x75 && (b[0] != 0x0F || b[1] != 0x84 && b[1] != 0x85) {
				continue
			}
			at := s.Value + uint64(i)
			compares, branches = append(compares, at), append(branches, at+branchAt)
			if fn[i-1] == nop {
				compares = append(compares, at-1)
			}
		}
	}
	return compares, branches
}

// TestTortureProbed runs testdata/torture while the kernel's probes come and go on marks and compares, which must not
// change what is counted, and on branches too, where events may be missed. The program does nothing else that it wouldn't do.
func TestTortureProbed(t *testing.T) {
	testenv.Need(t, append(slices.Clone(patchable), testenv.Root, uprobes.Needed())...)
	prog := buildTorture(t)
	compares, branches := instructions(t, prog)
	if len(compares) < 100 || len(branches) < 100 {
		t.Fatalf("only %d compares and %d branches", len(compares), len(branches))
	}
	for _, tt := range []struct {
		name  string
		at    []uint64
		exact bool
	}{{"compares", compares, true}, {"branches", slices.Concat(compares, branches), false}} {
		t.Run(tt.name, func(t *testing.T) {
			cmd := testenv.Command(t, prog, "-d", (*torture / 4).String(), "-patched=false", "-quiet=2ms", "-workers=6")
			var out, stderr bytes.Buffer
			cmd.Stdout, cmd.Stderr = &out, &stderr
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			ended := make(chan error)
			go func() { ended <- cmd.Wait() }()
			stop := make(chan struct{})
			var probers sync.WaitGroup
			for range 8 { // to remove one takes a tenth of a second
				probers.Go(func() { probeAtRandom(t, prog, tt.at, stop) })
			}
			err := <-ended
			close(stop)
			probers.Wait()
			// It exits with 1 if counts were wrong.
			if exit := (*exec.ExitError)(nil); err != nil && (tt.exact || !errors.As(err, &exit) || exit.ExitCode() != 1) {
				t.Errorf("%v\n%s\n%s", err, out.Bytes(), stderr.Bytes())
			}
		})
	}
}

func probeAtRandom(t *testing.T, prog string, at []uint64, stop chan struct{}) {
	for {
		var all []func()
		for range 4 {
			remove, err := uprobe(prog, offsetOf(t, prog, at[rand.IntN(len(at))]))
			if err != nil {
				t.Error(err)
				break
			}
			all = append(all, remove)
		}
		time.Sleep(time.Duration(rand.IntN(30)) * time.Millisecond)
		for _, remove := range all {
			remove()
		}
		select {
		case <-stop:
			return
		default:
		}
	}
}
