package scan_test

import (
	"encoding/binary"
	"strconv"
	"strings"
	"testing"

	"github.com/gkhi/gkhi/internal/scan"
)

// assembleARM64 puts together words. Each is in hexadecimal, or one of
//
//	adr R NAME, adrp R NAME, add R S NAME, ldrb R S NAME, strb R S NAME, ldr R S NAME, ldar R S
//
// with NAME as in assemble: its address, the page of it, or the offset in that.
func assembleARM64(t testing.TB, text string) (b []byte) {
	t.Helper()
	names := map[string]uint64{"flag": flagAddr, "word": wordAddr, "flagslot": flagSlot, "wordslot": wordSlot}
	number := func(s string) uint64 {
		n, err := strconv.ParseUint(s, 0, 32)
		if err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		return n
	}
	address := func(s string) uint64 {
		name, plus, found := strings.Cut(s, "+")
		a, ok := names[name]
		if !ok {
			t.Fatalf("%q: no %q", text, s)
		}
		if found {
			a += number(plus)
		}
		return a
	}
	for line := range strings.SplitSeq(text, ",") {
		f := strings.Fields(line)
		pc := textAddr + uint64(len(b))
		var w uint64
		switch f[0] {
		case "adrp":
			pages := address(f[2])>>12 - pc>>12
			w = 0x90000000 | pages&3<<29 | pages>>2&0x7FFFF<<5 | number(f[1])
		case "adr":
			d := address(f[2]) - pc
			w = 0x10000000 | d&3<<29 | d>>2&0x7FFFF<<5 | number(f[1])
		case "add":
			w = 0x91000000 | address(f[3])&0xFFF<<10 | number(f[2])<<5 | number(f[1])
		case "ldrb":
			w = 0x39400000 | address(f[3])&0xFFF<<10 | number(f[2])<<5 | number(f[1])
		case "strb":
			w = 0x39000000 | address(f[3])&0xFFF<<10 | number(f[2])<<5 | number(f[1])
		case "ldr":
			w = 0xF9400000 | address(f[3])&0xFFF>>3<<10 | number(f[2])<<5 | number(f[1])
		case "ldar":
			w = 0xC8DFFC00 | number(f[2])<<5 | number(f[1])
		default:
			w = number("0x" + f[0])
		}
		b = binary.LittleEndian.AppendUint32(b, uint32(w))
	}
	return b
}

func TestARM64(t *testing.T) {
	const (
		ret    = "d65f03c0"
		nop    = "d503201f"
		tbz4   = "36000044" // TBZ $0, R4, 8 on
		tbnz4  = "37000044"
		cbz4   = "34000044"
		cbnz4  = "35000044"
		movR4  = "aa0403e0" // MOVD R4, R0: reads R4
		zeroR4 = "d2800004" // MOVD $0, R4
		call   = "94000010"
	)
	load := "adrp 27 flag, ldrb 4 27 flag"
	tests := []struct{ name, code, want string }{
		{"TBZ", load + "," + tbz4 + "," + nop + "," + ret, "guarded branch 0@0 patch 8+0+0 branch 8+4 to 10 body next"},
		{"TBNZ", load + "," + tbnz4 + "," + nop + "," + ret, "guarded branch 0@0 patch 8+0+0 branch 8+4 to 10 body away"},
		{"CBZ", load + "," + cbz4 + "," + nop + "," + ret, "guarded branch 0@0 patch 8+0+0 branch 8+4 to 10 body next"},
		{"CBNZ", load + "," + cbnz4 + "," + nop + "," + ret, "guarded branch 0@0 patch 8+0+0 branch 8+4 to 10 body away"},
		{"address in two steps", "adrp 5 flag, add 5 5 flag, 394000a4," + tbz4 + "," + nop + "," + ret,
			"guarded branch 0@0 patch c+0+0 branch c+4 to 14 body next"},
		{"something between load and branch", load + ", 8b010042," + tbz4 + "," + nop + "," + ret,
			"guarded branch 0@0 patch c+0+0 branch c+4 to 14 body next"},
		{"ADR", "adr 27 flag, 39400364," + tbz4 + "," + nop + "," + ret, "guarded branch 0@0 patch 8+0+0 branch 8+4 to 10 body next"},
		{"through the table", "adrp 27 flagslot, ldr 27 27 flagslot, 39400364," + tbz4 + "," + nop + "," + ret,
			"guarded branch 0@0 patch c+0+0 branch c+4 to 14 body next"},
		{"calls end the value's life", load + "," + tbz4 + "," + call + "," + ret, "guarded branch 0@0 patch 8+0+0 branch 8+4 to 10 body next"},
		{"overwritten before it is read", load + "," + tbz4 + "," + zeroR4 + "," + zeroR4 + "," + movR4 + "," + ret,
			"guarded branch 0@0 patch 8+0+0 branch 8+4 to 10 body next"},

		{"read on the way on", load + "," + tbz4 + "," + movR4 + "," + ret, "the loaded value is used 0@4"},
		{"read where it goes", load + "," + tbz4 + "," + ret + "," + movR4 + "," + ret, "the loaded value is used 0@4"},
		{"read in between", load + "," + movR4 + "," + tbz4 + "," + nop + "," + ret, "its value is loaded into a register 0@4"},
		{"overwritten in between", load + "," + zeroR4 + "," + tbz4 + "," + nop + "," + ret, "its value is loaded into a register 0@4"},
		{"a call in between", load + "," + call + "," + tbz4 + "," + nop + "," + ret, "its value is loaded into a register 0@4"},
		{"another bit", load + ",36080044," + nop + "," + ret, "it is compared with a value other than zero or in another width 0@4"},
		{"a jump to the branch", "36000063," + load + "," + tbz4 + "," + nop + "," + ret, "a branch goes to the middle of the site 0@8"},
		{"a jump to the load", "36000043," + load + "," + tbz4 + "," + nop + "," + ret, "it is used through a register that holds its address 0@8"},
		{"no branch", load + strings.Repeat(","+nop, 20) + "," + ret, "the comparison is not followed by a branch on equality 0@4"},
		{"the end", load, "the comparison is not followed by a branch on equality 0@4"},
		{"a target in another function", load + ",36000804," + ret, "the branch goes to another function 0@4"},
		{"another byte", "adrp 27 flag, ldrb 4 27 flag+1," + tbz4 + "," + nop + "," + ret, "the reference is not to the key's first byte 0@4"},
		{"eight bytes", "adrp 27 flag, ldr 4 27 flag," + tbz4 + "," + nop + "," + ret, "its value is loaded into a register 0@4"},
		{"sign-extended", "adrp 27 flag, 39c00364," + tbz4 + "," + nop + "," + ret, "an instruction of another form uses it 0@4"},
		{"stored", "adrp 27 flag, strb 4 27 flag," + ret, "it is written 0@4"},
		{"address taken", "adrp 0 flag, add 0 0 flag," + call + "," + ret, "its address is taken 0@0"},
		{"another variable of the page", "adrp 27 flag, ldrb 4 27 flag+64," + tbz4 + "," + nop + "," + ret, ""},
		{"the register is overwritten first", "adrp 27 flag, adrp 27 flag, d280001b, ldrb 4 27 flag," + ret, ""},

		{"bare", "adrp 1 word, add 1 1 word, ldar 1 1," + ret, "bare 1@0 patch 8+4+0 reg 1"},
		{"bare, twice by one address", "adrp 1 word, add 1 1 word, ldar 2 1," + nop + ",ldar 3 1," + ret,
			"bare 1@0 patch 8+4+0 reg 2; bare 1@0 patch 10+4+0 reg 3"},
		{"bare, the address lives on", "adrp 1 word, add 1 1 word, 36000040, ldar 2 1, ldar 3 1," + ret,
			"bare 1@0 patch c+4+0 reg 2; it is used through a register that holds its address 1@10"},
		{"bare, in a loop behind", "adrp 1 word, add 1 1 word, ldar 2 1, 17ffffff," + ret,
			"it is used through a register that holds its address 1@8"},
		{"bare, used", "adrp 1 word, add 1 1 word, ldar 4 1," + movR4 + "," + ret, "the loaded value is used 1@8"},
		{"bare, through the table", "adrp 1 wordslot, ldr 1 1 wordslot, ldar 1 1," + ret, "bare 1@0 patch 8+4+0 reg 1"},
		{"bare, plain load", "adrp 1 word, ldr 1 1 word," + ret, "its value is loaded into a register 1@4"},
		{"bare, stored", "adrp 1 word, add 1 1 word, c89ffc20," + ret, "it is written 1@8"},
		{"slot passed on", "adrp 0 flagslot, ldr 0 0 flagslot," + call + "," + ret, "its address is taken 0@0 got"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			code := assembleARM64(t, tt.code)
			got := scan.ARM64(&scan.Input{
				Keys: syntheticKeys, Slots: syntheticSlots,
				Text:  []scan.Segment{{Addr: textAddr, Bytes: code}},
				Funcs: oneFunc{textAddr, textAddr + uintptr(len(code))},
			})
			if d := describe(got); d != tt.want {
				t.Errorf("% x:\n got %s\nwant %s", code, d, tt.want)
			}
		})
	}
}
