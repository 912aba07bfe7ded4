package scan_test

import (
	"encoding/binary"
	"strings"
	"testing"

	"github.com/gkhi/gkhi/internal/insn/amd64"
	"github.com/gkhi/gkhi/internal/scan"
)

// FuzzAMD64 gives the scan arbitrary bytes, with references to keys among them:
// every reference of the decoded function is accounted for, and what is called a
// site looks like one.
func FuzzAMD64(f *testing.F) {
	for _, s := range []string{
		"803d flag/1 00 7402 9090 c3", "803d flag/1 00 6690 0f8500000000 c3", "488b05 word c3",
		"4c8b3d flagslot 41803f00 7400 c3", "4c8b3d wordslot 498b0f c3", "488d05 flag c3",
		"0fb605 flag 84c0 7400 c3", "7407 803d flag/1 00 7400 c3", "803d flag/1 00 7401 90 0f92c0 c3", "48b8 803d flag/1 00 74 c3",
	} {
		f.Add(assemble(f, s))
	}
	f.Fuzz(func(t *testing.T, code []byte) {
		if len(code) > 4096 {
			return
		}
		in := &scan.Input{
			Keys: syntheticKeys, Slots: syntheticSlots,
			Text:  []scan.Segment{{Addr: textAddr, Bytes: code}},
			Funcs: oneFunc{textAddr, textAddr + uintptr(len(code))},
		}
		got := scan.AMD64(in)
		reported := map[uintptr]int{}
		for _, s := range got.Sites {
			reported[s.Ref]++
			checkSiteBytes(t, code, &s)
		}
		for _, r := range got.Rejects {
			if r.Reason == scan.NotDecoded {
				if len(got.Sites) > 0 || len(boundaries(code)) > 0 {
					t.Errorf("% x: %s", code, describe(got))
				}
				return
			}
			reported[r.Addr]++
		}
		for _, off := range boundaries(code) {
			i, err := amd64.Decode(code[off:])
			if err != nil {
				t.Fatal(err)
			}
			to := i.RIPTarget(textAddr + uint64(off))
			isKey := to >= flagAddr && to < flagAddr+8 || to >= wordAddr && to < wordAddr+8
			if n := reported[uintptr(textAddr+off)]; i.RIPRel && isKey && n != 1 {
				t.Errorf("% x: the reference at %#x is reported %d times: %s", code, off, n, describe(got))
			}
		}
		for pc, n := range reported {
			if n != 1 {
				t.Errorf("% x: %#x is reported %d times: %s", code, pc-textAddr, n, describe(got))
			}
		}
	})
}

// boundaries returns where the instructions of a function start, or nothing if not
// all are known.
func boundaries(code []byte) (offs []int) {
	for off := 0; off < len(code); {
		i, err := amd64.Decode(code[off:])
		if err != nil {
			return nil
		}
		offs = append(offs, off)
		off += int(i.Len)
	}
	return offs
}

// checkSiteBytes checks that what patching would overwrite is what the site says.
func checkSiteBytes(t *testing.T, code []byte, s *scan.Site) {
	t.Helper()
	at := func(pc uintptr) []byte { return code[pc-textAddr:] }
	ok := s.Addr >= s.Ref && s.End() <= textAddr+uintptr(len(code)) && s.Func == textAddr
	switch s.Form {
	case scan.Guarded:
		ok = ok && s.Len == 7 && at(s.Addr)[0] == 0x80 && at(s.Addr)[1] == 0x3D && at(s.Addr)[6] == 0
	case scan.GuardedBranch:
		ok = ok && s.Len == 0 && s.Addr == s.Branch
	case scan.Bare, scan.BareGOT:
		ok = ok && s.Len == 7 && at(s.Addr)[1] == 0x8B || s.Form == scan.BareGOT && at(s.Addr)[1] == 0x8D
	}
	if s.Form == scan.Guarded || s.Form == scan.GuardedBranch {
		br, err := amd64.Decode(at(s.Branch))
		ok = ok && err == nil && br.Kind == amd64.Jcc && br.Len == s.BranchLen && br.Target(uint64(s.Branch)) == uint64(s.Target) &&
			(br.Cond == amd64.CondE) == s.TakenDormant && s.Branch >= s.Ref+7
	}
	if !ok {
		t.Errorf("% x: not a site: %+v", code, *s)
	}
}

// streamSteps are what FuzzAMD64Stream builds functions of: whole instructions, as
// compilers make them. Question marks are a displacement from the input.
var streamSteps = []string{
	"803d flag/1 00", "803d flag/1 00", "803d flag/1 00 90", "488b0d word", "488d05 flag", "803d flag+1/1 00",
	"833d flag/1 00", "0fb605 flag", "c605 flag/1 01", "48ffc0", "31c0", "4801c8", "4885c0", "0f92c0", "0f94c0",
	"480f44c1", "4811c8", "d3e0", "c1e003", "48c1c003", "488b442408", "4889442408", "90", "0f1f440000", "c3", "ffe0",
	"e800000000", "ffd0", "0f0b", "660f2ec1", "0f28c1", "480fa3c8",
	"74 ?", "74 ?", "75 ?", "75 ?", "72 ?", "77 ?", "eb ?", "0f84 ????", "0f85 ????",
}

// FuzzAMD64Stream gives the scan functions made of whole instructions and compares
// with the oracle.
func FuzzAMD64Stream(f *testing.F) {
	f.Add([]byte{0, 32, 2, 22, 22, 24})
	f.Add([]byte{0, 34, 255, 9, 13, 24})
	f.Add([]byte{32, 7, 0, 32, 0, 24})
	f.Add([]byte{1, 39, 4, 10, 13, 24, 13, 24})
	f.Add([]byte{2, 33, 2, 11, 3, 24})
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 300 {
			return
		}
		var code []byte
		for len(data) > 0 {
			step, disp, _ := strings.Cut(streamSteps[int(data[0])%len(streamSteps)], "?")
			isBranch := strings.HasSuffix(step, " ")
			data = data[1:]
			code = append(code, assembleAt(t, step, len(code))...)
			if isBranch {
				var d int8
				if len(data) > 0 {
					d, data = int8(data[0]), data[1:]
				}
				b := binary.LittleEndian.AppendUint32(nil, uint32(int32(d)))
				code = append(code, b[:len(disp)+1]...)
			}
		}
		o := newOracle(textAddr, code)
		if o == nil || len(o.code) == 0 {
			return // a step that a branch's displacement made part of another instruction
		}
		got := scan.AMD64(&scan.Input{
			Keys:  syntheticKeys,
			Text:  []scan.Segment{{Addr: textAddr, Bytes: code}},
			Funcs: oneFunc{textAddr, textAddr + uintptr(len(code))},
		})
		checkOracle(t, []*oracle{o}, syntheticKeys, got)
		if t.Failed() {
			t.Logf("% x: %s", code, describe(got))
		}
	})
}

// FuzzARM64 gives the scan arbitrary words: it neither panics nor calls a site what
// is not a load or a branch.
func FuzzARM64(f *testing.F) {
	for _, s := range []string{
		"adrp 27 flag, ldrb 4 27 flag, 36000044, d503201f, d65f03c0",
		"adrp 1 word, add 1 1 word, ldar 1 1, d65f03c0",
		"adrp 27 flagslot, ldr 27 27 flagslot, 39400364, 36000044, d503201f, d65f03c0",
		"adrp 1 word, add 1 1 word, 36000040, ldar 2 1, ldar 3 1, 17ffffff",
		"adr 27 flag, 39400364, 35000044, d503201f, d65f03c0",
	} {
		f.Add(assembleARM64(f, s))
	}
	f.Fuzz(func(t *testing.T, code []byte) {
		if len(code) > 4096 {
			return
		}
		got := scan.ARM64(&scan.Input{
			Keys: syntheticKeys, Slots: syntheticSlots,
			Text:  []scan.Segment{{Addr: textAddr, Bytes: code}},
			Funcs: oneFunc{textAddr, textAddr + uintptr(len(code))},
		})
		for _, s := range got.Sites {
			w := binary.LittleEndian.Uint32(code[s.Addr-textAddr:])
			ok := s.Func == textAddr && s.End() <= textAddr+uintptr(len(code)) && s.Ref < s.Addr
			switch s.Form {
			case scan.Bare:
				ok = ok && s.Len == 4 && (w&0xFFFFFC00 == 0xC8DFFC00 || w&0xFFFFFC00 == 0xF8BFC000)
			case scan.GuardedBranch:
				ok = ok && s.BranchLen == 4 && w>>25&0x3E == 0x1A && s.Addr == s.Branch && s.Target >= textAddr
			default:
				ok = false
			}
			if !ok {
				t.Errorf("% x: not a site: %+v", code, s)
			}
		}
	})
}
