package textmem

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"testing"
	"unsafe"
)

// TestSpans compares merged writes with the same writes one by one, in ordinary
// memory of a few pages.
func TestSpans(t *testing.T) {
	mem := make([]byte, 5*pageSize)
	base := (uintptr(unsafe.Pointer(&mem[0])) + pageSize - 1) &^ (pageSize - 1)
	start := base - uintptr(unsafe.Pointer(&mem[0]))
	area := mem[start : start+4*pageSize]
	r := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		for i := range area {
			area[i] = byte(i)
		}
		want := bytes.Clone(area)
		var ws []Write
		for at := uintptr(r.IntN(64)); at+16 < uintptr(len(area)); at += 16 + uintptr(r.IntN(int(pageSize))) {
			b := make([]byte, 1+r.IntN(7))
			if r.IntN(4) == 0 { // across the end of a page
				if end := (at/pageSize + 1) * pageSize; end+8 < uintptr(len(area)) {
					at = end - 3
				}
			}
			for i := range b {
				b[i] = byte(r.Uint32())
			}
			copy(want[at:], b)
			ws = append(ws, Write{base + at, b})
		}
		r.Shuffle(len(ws), func(i, j int) { ws[i], ws[j] = ws[j], ws[i] })
		n, calls := len(ws), 0
		err := spans(sorted(ws), func(w Write) error {
			calls++
			if len(w.Bytes) == 0 || len(w.Bytes) > int(pageSize) {
				t.Fatalf("a write of %d bytes", len(w.Bytes))
			}
			copy(area[w.Addr-base:], w.Bytes)
			return nil
		})
		if err != nil || calls > n {
			t.Fatalf("%d calls for %d writes, error %v", calls, n, err)
		}
		if !bytes.Equal(area, want) {
			t.Fatal("the memory is not what single writes make of it")
		}
	}
	fails := errors.New("no")
	if err := spans(sorted([]Write{{base, []byte{1}}, {base + 2*pageSize, []byte{1}}}), func(Write) error { return fails }); err != fails {
		t.Errorf("error %v", err)
	}
}
