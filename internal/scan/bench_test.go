package scan_test

import (
	"math/rand/v2"
	"testing"

	"github.com/gkhi/gkhi/internal/insn/amd64"
	"github.com/gkhi/gkhi/internal/scan"
	"github.com/gkhi/gkhi/internal/scan/elfimage"
)

// BenchmarkAMD64 scans a large program: for keys that nothing refers to (the cost
// of looking at every position), for as many as a program may have hooks, and for
// the runtime's writeBarrier, which is used in a quarter of all functions. The
// figure to watch is ms/MiB of text.
func BenchmarkAMD64(b *testing.B) {
	im := goProgram(b)
	barrier := uintptr(im.Syms["runtime.writeBarrier"])
	used := usedOnce(im, uintptr(im.Syms["runtime.noptrdata"]))
	rng := rand.New(rand.NewPCG(1, 2))
	rng.Shuffle(len(used), func(i, j int) { used[i], used[j] = used[j], used[i] })
	for _, bm := range []struct {
		name string
		keys []uintptr
	}{
		{"unused", []uintptr{barrier - 0x8003, barrier + 0x8003}},
		{"100 sites", used[:100]},
		{"1000 sites", used[:1000]},
		{"writeBarrier", []uintptr{barrier}},
	} {
		in := &scan.Input{}
		for _, a := range bm.keys {
			in.Keys = append(in.Keys, scan.Key{Addr: a, Size: 1})
		}
		b.Run(bm.name, func(b *testing.B) {
			var res *scan.Result
			for b.Loop() {
				res = im.Scan(in)
			}
			mib := float64(res.Stats.Bytes) / (1 << 20)
			b.ReportMetric(float64(b.Elapsed().Microseconds())/1000/float64(b.N)/mib, "ms/MiB")
			b.ReportMetric(float64(res.Stats.Funcs), "funcs")
		})
	}
}

// usedOnce returns the addresses from start on, where variables are, that one
// instruction refers to.
func usedOnce(im *elfimage.Image, start uintptr) (once []uintptr) {
	uses := map[uintptr]int{}
	for _, f := range im.Funcs {
		code := im.Code(f)
		for off := 0; off < len(code); {
			i, err := amd64.Skim(code[off:])
			if err != nil {
				break
			}
			if i.RIPRel {
				uses[uintptr(i.Target(f.Entry+uint64(off)))]++
			}
			off += int(i.Len)
		}
	}
	for a, n := range uses {
		if n == 1 && a >= start {
			once = append(once, a)
		}
	}
	return once
}
