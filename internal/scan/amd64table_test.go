package scan_test

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/gkhi/gkhi/internal/scan"
)

// Where synthetic programs are, and what they refer to: flag is a guarded key of 8
// bytes, word a bare one, and the slots hold their addresses.
const (
	textAddr = 0x401000
	flagAddr = 0x481000
	wordAddr = 0x481100
	flagSlot = 0x482000
	wordSlot = 0x482008
)

var syntheticKeys = []scan.Key{{Addr: flagAddr, Size: 8}, {Addr: wordAddr, Size: 8, Bare: true}}

var syntheticSlots = []scan.Slot{{Addr: flagSlot, Value: flagAddr}, {Addr: wordSlot, Value: wordAddr}}

// oneFunc is a program of one function, and nothing that is a function behind it.
type oneFunc struct{ entry, end uintptr }

func (f oneFunc) Bounds(pc uintptr) (entry, end uintptr, ok bool) {
	return f.entry, f.end, f.entry <= pc && pc < f.end
}

// assemble puts together code from hexadecimal bytes and operands: "flag", "word",
// "flagslot" and "wordslot", with a number added as in "flag+1", are RIP-relative
// displacements in an instruction that ends right there, or with /n in one that
// ends n bytes behind.
func assemble(t testing.TB, text string) []byte { t.Helper(); return assembleAt(t, text, 0) }

// assembleAt is assemble for code that is to be at an offset from textAddr.
func assembleAt(t testing.TB, text string, offset int) []byte {
	t.Helper()
	names := map[string]uint64{"flag": flagAddr, "word": wordAddr, "flagslot": flagSlot, "wordslot": wordSlot}
	var b []byte
	for f := range strings.FieldsSeq(text) {
		name, behind, _ := strings.Cut(f, "/")
		name, plus, _ := strings.Cut(name, "+")
		addr, ok := names[name]
		if !ok {
			h, err := hex.DecodeString(f)
			if err != nil {
				t.Fatalf("%q: %v", f, err)
			}
			b = append(b, h...)
			continue
		}
		number := func(s string) uint64 {
			if s == "" {
				return 0
			}
			n, err := strconv.ParseUint(s, 0, 32)
			if err != nil {
				t.Fatalf("%q: %v", f, err)
			}
			return n
		}
		end := textAddr + uint64(offset+len(b)) + 4 + number(behind)
		b = binary.LittleEndian.AppendUint32(b, uint32(addr+number(plus)-end))
	}
	return b
}

// describe writes a result in short: what the tables below expect.
func describe(r *scan.Result) string {
	var out []string
	for _, s := range r.Sites {
		d := fmt.Sprintf("%v %d@%x", s.Form, s.Key, s.Ref-textAddr)
		if s.Addr != s.Ref || s.TailLen != 0 {
			d += fmt.Sprintf(" patch %x+%d+%d", s.Addr-textAddr, s.Len, s.TailLen)
		}
		if s.BranchLen != 0 {
			layout := "away"
			if s.TakenDormant {
				layout = "next"
			}
			d += fmt.Sprintf(" branch %x+%d to %x body %s", s.Branch-textAddr, s.BranchLen, s.Target-textAddr, layout)
		} else {
			d += fmt.Sprintf(" reg %d", s.Reg)
		}
		if s.Mark {
			d += " marked"
		}
		out = append(out, d)
	}
	for _, r := range r.Rejects {
		d := fmt.Sprintf("%v %d@%x", r.Reason, r.Key, r.Addr-textAddr)
		if r.GOT {
			d += " got"
		}
		out = append(out, d)
	}
	return strings.Join(out, "; ")
}

func TestAMD64(t *testing.T) {
	tests := []struct{ name, code, want string }{
		// Guarded sites.
		{"body next, short", "803d flag/1 00 7402 9090 c3", "guarded 0@0 branch 7+2 to b body next"},
		{"body next, long", "803d flag/1 00 0f8402000000 9090 c3", "guarded 0@0 branch 7+6 to f body next"},
		{"body away", "803d flag/1 00 7501 c3 90 c3", "guarded 0@0 branch 7+2 to a body away"},
		{"padding", "803d flag/1 00 90 6690 0f1f440000 7401 90 c3", "guarded 0@0 branch f+2 to 12 body next"},
		{"in a loop", "90 803d flag/1 00 74f6 c3", "guarded 0@1 branch 8+2 to 0 body next marked"},
		{"a no-op of two bytes before it", "6690 803d flag/1 00 7402 9090 c3", "guarded 0@2 branch 9+2 to d body next"},
		{"90 at the end of another instruction", "b890909090 803d flag/1 00 7402 9090 c3", "guarded 0@5 branch c+2 to 10 body next"},
		{"a no-op before a compare through a register", "90 4c8b3d flagslot 90 41803f00 7402 9090 c3", "its address is taken 0@1 got"},
		{"behind another", "803d flag/1 00 7409 803d flag/1 00 7400 c3",
			"guarded 0@0 branch 7+2 to 12 body next; guarded 0@9 branch 10+2 to 12 body next"},
		{"a jump to the compare", "eb00 803d flag/1 00 7400 c3", "guarded 0@2 branch 9+2 to b body next"},

		// Branches into the site.
		{"a jump to the branch", "7407 803d flag/1 00 7400 c3", "a branch goes to the middle of the site 0@2"},
		{"a jump into the compare", "7402 803d flag/1 00 7400 c3", "a branch goes to the middle of the site 0@2"},
		{"a jump back to the padding", "803d flag/1 00 90 7402 ebfb c3", "a branch goes to the middle of the site 0@0"},
		{"a jump behind it", "740b 803d flag/1 00 7402 9090 c3", "guarded 0@2 branch 9+2 to d body next"},

		// Flags.
		{"read on the way on", "803d flag/1 00 7401 90 0f92c0 c3", "the comparison's flags are used again after the branch 0@0"},
		{"read where it goes", "803d flag/1 00 7401 c3 0f92c0 c3", "the comparison's flags are used again after the branch 0@0"},
		{"a second branch", "803d flag/1 00 7402 7700 c3", "the comparison's flags are used again after the branch 0@0"},
		{"overwritten first", "803d flag/1 00 7400 31c0 0f92c0 c3", "guarded 0@0 branch 7+2 to 9 body next"},
		{"overwritten but for CF", "803d flag/1 00 7400 48ffc0 0f92c0 c3", "the comparison's flags are used again after the branch 0@0"},
		{"CF read after INC killed the rest", "803d flag/1 00 7400 48ffc0 0f94c0 c3", "guarded 0@0 branch 7+2 to 9 body next"},
		{"a shift by CL may not overwrite", "803d flag/1 00 7400 d3e0 0f94c0 c3", "the comparison's flags are used again after the branch 0@0"},
		{"ADC", "803d flag/1 00 7400 4811c8 c3", "the comparison's flags are used again after the branch 0@0"},
		{"PUSHF", "803d flag/1 00 7400 9c c3", "the comparison's flags may be used again after the branch 0@0"},
		{"a call ends them", "803d flag/1 00 7400 ffd0 0f92c0 c3", "guarded 0@0 branch 7+2 to 9 body next"},
		{"a jump through a register", "803d flag/1 00 7400 ffe0", "the comparison's flags may be used again after the branch 0@0"},
		{"a tail call", "803d flag/1 00 7400 e900010000", "guarded 0@0 branch 7+2 to 9 body next"},
		{"an endless loop", "803d flag/1 00 7400 ebfe", "guarded 0@0 branch 7+2 to 9 body next"},
		{"off the end", "803d flag/1 00 7400 90", "the comparison's flags may be used again after the branch 0@0"},
		{"read in a loop, seen late", "803d flag/1 00 7400 90 e303 90 ebfa 0f92c0 c3", "the comparison's flags are used again after the branch 0@0"},
		{"a way that is too long", "803d flag/1 00 7400" + strings.Repeat(" 90", 300) + " c3",
			"the comparison's flags may be used again after the branch 0@0"},

		// What the compare is, and what follows.
		{"SETcc", "803d flag/1 00 0f94c0 c3", "the comparison is not followed by a branch on equality 0@0"},
		{"another branch", "803d flag/1 00 7700 c3", "the comparison is not followed by a branch on equality 0@0"},
		{"a branch with a hint", "803d flag/1 00 3e7400 c3", "the comparison is not followed by a branch on equality 0@0"},
		{"nothing behind", "803d flag/1 00", "the comparison is not followed by a branch on equality 0@0"},
		{"a target in another function", "803d flag/1 00 7470 c3", "the branch goes to another function 0@0"},
		{"a target inside an instruction", "803d flag/1 00 7401 0f1f00 c3", "the branch goes to another function 0@0"},
		{"another value", "803d flag/1 01 7400 c3", "it is compared with a value other than zero or in another width 0@0"},
		{"four bytes", "833d flag/1 00 7400 c3", "it is compared with a value other than zero or in another width 0@0"},
		{"TEST", "f605 flag/1 01 7400 c3", "it is compared with a value other than zero or in another width 0@0"},
		{"another byte of the key", "803d flag+1/1 00 7400 c3", "the reference is not to the key's first byte 0@0"},
		{"behind the key", "803d flag+8/1 00 7400 c3", ""},
		{"a segment", "64803d flag/1 00 7400 c3", "it is compared with a value other than zero or in another width 0@0"},

		// Other uses of a flag.
		{"address", "488d05 flag c3", "its address is taken 0@0"},
		{"address, then padding that names the register", "488d05 flag 0f1f00 e800000000 c3", "its address is taken 0@0"},
		{"loaded", "0fb605 flag 84c0 7400 c3", "its value is loaded into a register 0@0"},
		{"loaded whole", "488b05 flag c3", "its value is loaded into a register 0@0"},
		{"stored", "c605 flag/1 01 c3", "it is written 0@0"},
		{"stored from a register", "8805 flag c3", "it is written 0@0"},
		{"increased", "fe05 flag c3", "it is written 0@0"},
		{"exchanged", "8605 flag c3", "it is written 0@0"},
		{"added to", "0005 flag c3", "it is written 0@0"},
		{"by a vector", "c5fa6f05 flag c3", "an instruction of another form uses it 0@0"},
		{"an immediate of four bytes", "c705 flag/4 01000000 c3", "it is written 0@0"},
		{"an immediate of two bytes", "66c705 flag/2 0100 c3", "it is written 0@0"},

		// Bare sites.
		{"bare", "488b05 word c3", "bare 1@0 reg 0"},
		{"bare, high register", "4c8b3d word c3", "bare 1@0 reg 15"},
		{"bare, overwritten", "488b0d word 31c9 488908 c3", "bare 1@0 reg 1"},
		{"bare, used", "488b0d word 90 4885c9 c3", "the loaded value is used 1@0"},
		{"bare, used as an address", "488b0d word 488b01 c3", "the loaded value is used 1@0"},
		{"bare, then a call", "488b0d word e800000000 4885c9 c3", "bare 1@0 reg 1"},
		{"bare, four bytes", "8b0d word c3", "its value is loaded into a register 1@0"},
		{"bare, not its start", "488b0d word+4 c3", "the reference is not to the key's first byte 1@0"},
		{"bare, compared", "803d word/1 00 7400 c3", "it is compared with a value other than zero or in another width 1@0"},
		{"bare, added to", "480305 word c3", "an instruction of another form uses it 1@0"},

		// Through the global offset table.
		{"guarded by GOT", "4c8b3d flagslot 41803f00 7402 9090 c3", "guarded branch 0@0 patch b+0+0 branch b+2 to f body next"},
		{"guarded by GOT, padded", "4c8b3d flagslot 41803f00 6690 0f8500000000 c3", "guarded branch 0@0 patch d+0+0 branch d+6 to 13 body away"},
		{"guarded, relaxed to LEAQ", "4c8d3d flag 41803f00 7400 c3", "guarded branch 0@0 patch b+0+0 branch b+2 to d body next"},
		{"guarded by GOT, R13", "4c8b2d flagslot 41807d0000 7400 c3", "guarded branch 0@0 patch c+0+0 branch c+2 to e body next"},
		{"guarded by GOT, flags live", "4c8b3d flagslot 41803f00 7400 0f92c0 c3", "the comparison's flags are used again after the branch 0@0 got"},
		{"guarded by GOT, jumped into", "7407 4c8b3d flagslot 41803f00 7400 c3", "a branch goes to the middle of the site 0@2 got"},
		{"bare by GOT", "4c8b3d wordslot 498b0f c3", "bare got 1@0 patch 0+7+3 reg 1"},
		{"bare by GOT, one register", "488b0d wordslot 488b09 c3", "bare got 1@0 patch 0+7+3 reg 1"},
		{"bare by GOT, kept", "488b05 wordslot 488b08 c3", "it is used through a register that holds its address 1@0 got"},
		{"bare by GOT, used", "4c8b3d wordslot 498b0f 4885c9 c3", "the loaded value is used 1@0 got"},
		{"bare by GOT, jumped into", "7407 4c8b3d wordslot 498b0f c3", "a branch goes to the middle of the site 1@2 got"},
		{"another byte by GOT", "4c8b3d flagslot 41807f0100 7400 c3", "the reference is not to the key's first byte 0@0 got"},
		{"another key by GOT", "4c8b3d flagslot 498b8f00010000 c3", "bare got 1@0 patch 0+7+7 reg 1"},
		{"the variable's other part by GOT", "4c8b3d flagslot 41807f4000 7400 c3", "it is used through a register that holds its address 0@0 got"},
		{"an aligning no-op behind GOT", "488b05 flagslot 0f1f00 e800000000 c3", "its address is taken 0@0 got"},
		{"an index", "488b05 flagslot 803c0800 7400 c3", "its address is taken 0@0 got"},
		{"passed on", "488b05 flagslot e800000000 c3", "its address is taken 0@0 got"},
		{"stored through", "488b05 flagslot c60001 c3", "it is used through a register that holds its address 0@0 got"},
		{"slot compared", "48833d flagslot/1 00 7400 c3", "an instruction of another form uses it 0@0 got"},
		{"slot, at the end", "488b05 flagslot", "its address is taken 0@0 got"},

		// Boundaries.
		{"inside another instruction", "48b8 803d flag/1 00 74 c3", ""},
		{"no ModRM byte before it", "48a1 00000000 flag c3", ""},
		{"not decodable behind", "803d flag/1 00 7400 06", "the function has instructions that are not known 0@2"},
		{"not decodable before", "06 803d flag/1 00 7400 c3", "the function has instructions that are not known 0@3"},
		{"cut off", "803d flag/1", "the function has instructions that are not known 0@2"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			code := assemble(t, tt.code)
			got := scan.AMD64(&scan.Input{
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
