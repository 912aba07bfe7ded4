//go:build linux && (amd64 || arm64)

package patch

import (
	"fmt"
	"testing"
)

func TestParseMapping(t *testing.T) {
	for _, tt := range []struct {
		line string
		want mapping
		ok   bool
	}{
		{
			"00400000-00625000 r-xp 00000000 08:01 1234                               /usr/bin/app",
			mapping{0x400000, 0x625000, "r-xp", "/usr/bin/app"}, true,
		},
		{
			"7f0000000000-7f0000001000 rw-p 00000000 00:00 0 ",
			mapping{0x7f0000000000, 0x7f0000001000, "rw-p", ""}, true,
		},
		{
			"ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0                  [vsyscall]",
			mapping{0xffffffffff600000, 0xffffffffff601000, "--xp", "[vsyscall]"}, true,
		},
		{
			"00400000-00625000 r-xp 00000000 08:01 1234   /tmp/with space (deleted)",
			mapping{0x400000, 0x625000, "r-xp", "/tmp/with space (deleted)"}, true,
		},
		{line: ""},
		{line: "00400000-00625000 r-xp"},
		{line: "00625000-00400000 r-xp 00000000 08:01 1234 /backwards"},
		{line: "00400000-00400000 r-xp 00000000 08:01 1234 /empty"},
		{line: "zz-00400000 r-xp 00000000 08:01 1234 /digits"},
		{line: "00400000 r-xp 00000000 08:01 1234 /dash"},
	} {
		got, ok := parseMapping(tt.line)
		if got != tt.want || ok != tt.ok {
			t.Errorf("parseMapping(%q) = %+v, %v; want %+v, %v", tt.line, got, ok, tt.want, tt.ok)
		}
	}
}

func FuzzParseMapping(f *testing.F) {
	f.Add("00400000-00625000 r-xp 00000000 08:01 1234    /usr/bin/app")
	f.Add("00400000-00625000 r-xp 00000000 08:01 1234    /tmp/a b")
	f.Add("-1 2 3 4 5")
	f.Add("0-1 0 0 0 0 \u00a0 ") // part of the path, as the kernel sees it
	f.Fuzz(func(t *testing.T, line string) {
		m, ok := parseMapping(line)
		if !ok {
			if m != (mapping{}) {
				t.Errorf("%q is refused, with %+v", line, m)
			}
			return
		}
		if m.from >= m.to || m.perms == "" {
			t.Errorf("%q gives %+v", line, m)
		}
		again := fmt.Sprintf("%x-%x %s 0 0:0 0 %s", m.from, m.to, m.perms, m.path)
		if back, ok := parseMapping(again); !ok || back != m {
			t.Errorf("%q gives %+v, and %q %+v", line, m, again, back)
		}
	})
}

func TestGoPart(t *testing.T) {
	const from, to = 0x40_0000, 0x4000_0000 // a gigabyte, as a large C program has
	for _, tt := range []struct {
		first, last uintptr // of Go's instructions
		lo, hi      uintptr
	}{
		{from, to - 1, from, to},
		{from, from + 0x1FFF, from, from + 0x2000},
		{0x1234_5678, 0x1240_0010, 0x1234_5000, 0x1240_1000},
		{0x1234_5000, 0x1240_0000, 0x1234_4000, 0x1240_1000},
		{to - 0x1800, to - 1, to - 0x2000, to},
		{to, to, to, to}, // none
	} {
		lo, hi := goPart(from, to, func(pc uintptr) bool {
			if pc < from || pc >= to {
				t.Fatalf("%#x is looked at", pc)
			}
			return pc >= tt.first && pc <= tt.last
		})
		if lo != tt.lo || hi != tt.hi {
			t.Errorf("Go from %#x to %#x: %#x to %#x, want %#x to %#x", tt.first, tt.last, lo, hi, tt.lo, tt.hi)
		}
	}
	if lo, hi := goPart(0x1000, 0x1010, func(uintptr) bool { return true }); lo != 0x1000 || hi != 0x1010 {
		t.Errorf("of a part of a page: %#x to %#x", lo, hi)
	}
}

// TestMappings reads the real ones.
func TestMappings(t *testing.T) {
	text, err := kernel{}.Text()
	if err != nil || len(text) == 0 {
		t.Fatal(len(text), err)
	}
	for _, seg := range text {
		if probePC()-seg.Addr < uintptr(len(seg.Bytes)) {
			return
		}
	}
	t.Errorf("this code is in none of %d segments", len(text))
}
