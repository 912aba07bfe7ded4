//go:build linux && (amd64 || arm64)

package patch

import (
	"bytes"
	"strings"
	"testing"

	"github.com/gkhi/gkhi/internal/textmem"
)

// TestForeignBytes changes each byte of each site behind the patcher's back: it
// must leave the site alone if that byte is in an instruction that changes, say so, and go on
// when the byte is as it was.
func TestForeignBytes(t *testing.T) {
	r := newRig(t, &refusing{})
	if err := r.Prepare(); err != nil {
		t.Skip(err)
	}
	poke := func(at uintptr, b byte) {
		t.Helper()
		if err := r.mem.Write([]textmem.Write{{Addr: at, Bytes: []byte{b}}}); err != nil {
			t.Fatal(err)
		}
		if err := r.mem.Serialize(); err != nil {
			t.Fatal(err)
		}
	}
	for _, key := range r.numbers("abc") {
		k := r.keys[key]
		for _, s := range k.sites {
			for _, pc := range s.pieces {
				for i := range pc.now {
					addr, was := pc.addr+uintptr(i), pc.found()[i]
					poke(addr, was^0x5A)
					if i == 0 && pc.rubbed() {
						t.Fatal("a byte that was to be foreign is the compiled one")
					}
					changes := k.Bare
					if !k.Bare {
						it := newItem(pc, s, pc.dorm, pc.arm, pc.dormStarts, pc.armStarts)
						changes = int(it.lo) <= i && i < int(it.hi)
					}
					before := bytes.Clone(pc.found())
					err := r.arm(key)
					if alone := k.Bare && len(k.sites) == 1; (err != nil) != alone {
						t.Errorf("byte %d of %#x: %v", i, pc.addr, err)
					}
					if !pc.mark && !strings.Contains(s.whyNot, "somebody else changed it") { // a mark is nobody's trouble
						t.Errorf("byte %d of %#x: %q", i, pc.addr, s.whyNot)
					}
					if got := pc.found(); got[i] != before[i] || changes && !bytes.Equal(got, before) {
						t.Errorf("byte %d of %#x: % x was overwritten by % x", i, pc.addr, before, got)
					}
					if want := map[bool]state{true: dormant, false: armed}[changes]; s.state != want {
						t.Errorf("byte %d of %#x: the site is %v, want %v", i, pc.addr, s.state, want)
					}
					for _, o := range k.sites {
						if o != s && (o.state != armed || o.whyNot != "") {
							t.Errorf("byte %d of %#x: another site is %v: %s", i, pc.addr, o.state, o.whyNot)
						}
					}
					if err := r.disarm(key); err != nil {
						t.Error(err)
					}
					poke(addr, was)
					if err := r.arm(key); err != nil {
						t.Error(err)
					}
					if got, all := r.hits(key); got != all || s.whyNot != "" {
						t.Errorf("byte %d of %#x is back: %d of %d sites act armed: %s", i, pc.addr, got, all, s.whyNot)
					}
					if err := r.disarm(key); err != nil {
						t.Error(err)
					}
				}
			}
		}
	}
}
