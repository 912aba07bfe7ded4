package scan_test

import (
	"encoding/binary"
	"regexp"
	"strconv"

	"golang.org/x/arch/arm64/arm64asm"

	"github.com/gkhi/gkhi/internal/insn/arm64"
	"github.com/gkhi/gkhi/internal/scan/elfimage"
)

// The oracle for arm64 works block by block: within one it knows which registers
// hold which address, from golang.org/x/arch's view of the instructions. Liveness
// of registers is worked out backwards over the whole function, as for amd64.

// An access is a load or store at a known address.
type access struct {
	at     int // index of the word
	addr   uint64
	op     arm64asm.Op
	reg    uint8
	branch int  // the branch that alone uses the value, or 0
	dead   bool // and the value is dead behind it
}

type armOracle struct {
	entry  uint64
	words  []uint32
	code   []arm64asm.Inst
	leader []bool
	live   []arm64.Regs // in front of each word
}

func newARMOracle(im *elfimage.Image, f elfimage.Func) *armOracle {
	b := im.Code(f)
	o := &armOracle{entry: f.Entry, leader: make([]bool, len(b)/4+1)}
	for i := 0; i+4 <= len(b); i += 4 {
		x, err := arm64asm.Decode(b[i:])
		if err != nil {
			x = arm64asm.Inst{}
		}
		o.words = append(o.words, binary.LittleEndian.Uint32(b[i:]))
		o.code = append(o.code, x)
	}
	for i := range o.code {
		if to, ok := o.target(i); ok {
			o.leader[to] = true
		}
	}
	return o
}

// target returns where a direct branch of the function goes.
func (o *armOracle) target(i int) (int, bool) {
	switch o.code[i].Op {
	case arm64asm.B, arm64asm.CBZ, arm64asm.CBNZ, arm64asm.TBZ, arm64asm.TBNZ:
	default:
		return 0, false
	}
	for _, a := range o.code[i].Args {
		if rel, ok := a.(arm64asm.PCRel); ok {
			to := i + int(rel)/4
			return to, to >= 0 && to < len(o.code)
		}
	}
	return 0, false
}

var (
	memOperand = regexp.MustCompile(`^\[X(\d+)(?:,#(\d+))?\]$`)
	regOperand = regexp.MustCompile(`^[XW](\d+)$`)
	immOperand = regexp.MustCompile(`^#(0x[0-9a-f]+)(?:, LSL #(\d+))?$`)
)

func atoi(s string) uint64 {
	n, err := strconv.ParseUint(s, 0, 64)
	if err != nil {
		return 0
	}
	return n
}

func regOf(a arm64asm.Arg) (uint8, bool) {
	if a == nil {
		return 0, false
	}
	m := regOperand.FindStringSubmatch(a.String())
	if m == nil {
		return 0, false
	}
	return uint8(atoi(m[1])), true
}

// accesses returns the loads and stores at addresses that the oracle knows.
func (o *armOracle) accesses() (out []access) {
	known := map[uint8]uint64{}
	for i, x := range o.code {
		if o.leader[i] || i > 0 && ends(o.code[i-1].Op) {
			clear(known)
		}
		set := map[uint8]uint64{}
		switch x.Op {
		case arm64asm.ADRP, arm64asm.ADR:
			r, ok := regOf(x.Args[0])
			rel, isRel := x.Args[1].(arm64asm.PCRel)
			pc := o.entry + 4*uint64(i)
			if x.Op == arm64asm.ADRP {
				pc &^= 0xFFF
			}
			if ok && isRel {
				set[r] = pc + uint64(rel)
			}
		case arm64asm.ADD:
			d, ok1 := regOf(x.Args[0])
			n, ok2 := regOf(x.Args[1])
			m := immOperand.FindStringSubmatch(x.Args[2].String())
			if base, ok := known[n]; ok && ok1 && ok2 && m != nil && o.words[i]>>31 == 1 {
				set[d] = base + atoi(m[1])<<atoi(m[2])
			}
		default:
			if x.Args[0] == nil || x.Args[1] == nil {
				break
			}
			m := memOperand.FindStringSubmatch(x.Args[1].String())
			if m == nil || x.Op == arm64asm.LD1 || x.Op == arm64asm.ST1 {
				break // those pass for an address that is taken
			}
			if base, ok := known[uint8(atoi(m[1]))]; ok {
				a := access{at: i, addr: base + atoi(m[2]), op: x.Op}
				a.reg, _ = regOf(x.Args[0])
				out = append(out, a)
			}
		}
		_, writes := arm64.Registers(o.words[i])
		for r := range known {
			if writes.Has(r) {
				delete(known, r)
			}
		}
		for r, a := range set {
			known[r] = a
		}
	}
	for k := range out {
		o.follow(&out[k])
	}
	return out
}

// follow looks for the branch that is the first to use a loaded value, in a straight line.
func (o *armOracle) follow(a *access) {
	o.liveness()
	for j := a.at + 1; j < len(o.code) && j <= a.at+16 && !o.leader[j]; j++ {
		reads, writes := arm64.Registers(o.words[j])
		if !reads.Has(a.reg) {
			_, isBranch := o.target(j)
			if writes.Has(a.reg) || isBranch || ends(o.code[j].Op) {
				return
			}
			continue
		}
		to, ok := o.target(j)
		if !ok {
			return
		}
		a.branch = j
		a.dead = !o.live[j+1].Has(a.reg) && !o.live[to].Has(a.reg)
		return
	}
}

func ends(op arm64asm.Op) bool {
	switch op {
	case arm64asm.BL, arm64asm.BLR, arm64asm.BR, arm64asm.RET, arm64asm.BRK, arm64asm.B, 0:
		return true
	}
	return false
}

// liveness computes the registers that are live in front of each word. At calls and
// returns all are dead, as the scan takes them to be.
func (o *armOracle) liveness() {
	if o.live != nil {
		return
	}
	o.live = make([]arm64.Regs, len(o.code)+1)
	for changed := true; changed; {
		changed = false
		for i := len(o.code) - 1; i >= 0; i-- {
			var out arm64.Regs
			op := o.code[i].Op
			_, conditional := o.code[i].Args[0].(arm64asm.Cond)
			if !ends(op) || op == arm64asm.B && conditional {
				out = o.live[i+1]
			}
			if to, ok := o.target(i); ok {
				out |= o.live[to]
			}
			reads, writes := arm64.Registers(o.words[i])
			if op == 0 { // not known to x/arch; the scan knows UDF to end a way
				reads, writes = 0, 0
				if o.words[i]>>16 != 0 {
					reads, writes = arm64.Registers(o.words[i])
					out = o.live[i+1]
				}
			}
			if live := reads | out&^writes; live != o.live[i] {
				o.live[i], changed = live, true
			}
		}
	}
}
