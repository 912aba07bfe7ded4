package scan_test

import (
	"slices"
	"strings"

	"golang.org/x/arch/x86/x86asm"

	"github.com/gkhi/gkhi/internal/insn/amd64"
)

// This file finds sites a second time, in another way: golang.org/x/arch decodes
// each function whole, and liveness of flags is worked out backwards over the whole
// function, to a fixed point. It is slow and has no search, so it can miss nothing
// that the scan might.

// A verdict is what the oracle says about one reference.
type verdict struct {
	site   bool
	branch uint64 // of a guarded site
	target uint64
	live   bool // a comparison with a branch, whose flags are read later
}

// oinst is an instruction of the oracle's.
type oinst struct {
	pc   uint64
	size int
	x    x86asm.Inst // of Op 0 when x/arch does not know it
	rip  uint64      // target of a RIP-relative operand
	to   uint64      // target of a direct branch
	next []int       // successors in the function
	live amd64.Flags // live in front of it
}

// oracle is the function being looked at.
type oracle struct {
	code []oinst
	at   map[uint64]int
}

// newOracle decodes a function. Length and operands of what x/arch does not
// know (see the tests of insn/amd64) come from the decoder under test.
func newOracle(entry uint64, b []byte) *oracle {
	o := &oracle{at: map[uint64]int{}}
	for off := 0; off < len(b); {
		in := oinst{pc: entry + uint64(off)}
		own, err := amd64.Decode(b[off:])
		if err != nil {
			return nil
		}
		in.size = int(own.Len)
		if own.RIPRel {
			in.rip = own.RIPTarget(in.pc)
		}
		if x, err := x86asm.Decode(b[off:], 64); err == nil && x.Len == in.size {
			in.x = x
			for _, a := range x.Args {
				switch a := a.(type) {
				case x86asm.Rel:
					in.to = in.pc + uint64(x.Len) + uint64(int64(a))
				case x86asm.Mem:
					if a.Base == x86asm.RIP {
						in.rip = in.pc + uint64(x.Len) + uint64(int64(int32(a.Disp)))
					}
				}
			}
		}
		o.at[in.pc] = len(o.code)
		o.code = append(o.code, in)
		off += in.size
	}
	return o
}

// judge returns what the oracle says about the reference by instruction i to the
// start of a key.
func (o *oracle) judge(i int, bare bool) verdict {
	in := &o.code[i]
	if bare {
		return verdict{site: in.x.Op == x86asm.MOV && in.x.MemBytes == 8 && isReg(in.x.Args[0])}
	}
	imm, ok := in.x.Args[1].(x86asm.Imm)
	if in.x.Op != x86asm.CMP || in.x.MemBytes != 1 || !ok || imm != 0 {
		return verdict{}
	}
	j := i + 1
	for j < len(o.code) && o.code[j].x.Op == x86asm.NOP {
		j++
	}
	if j == len(o.code) || o.code[j].x.Op != x86asm.JE && o.code[j].x.Op != x86asm.JNE {
		return verdict{}
	}
	br := &o.code[j]
	v := verdict{branch: br.pc, target: br.to}
	taken, inside := o.at[br.to]
	if !inside || o.jumpsBetween(in.pc, br.pc+uint64(br.size)) {
		return v
	}
	o.liveness()
	v.live = j+1 >= len(o.code) || o.code[j+1].live|o.code[taken].live != 0
	v.site = !v.live
	return v
}

func isReg(a x86asm.Arg) bool { _, ok := a.(x86asm.Reg); return ok }

// jumpsBetween reports whether a branch goes to from < pc < to.
func (o *oracle) jumpsBetween(from, to uint64) bool {
	return slices.ContainsFunc(o.code, func(in oinst) bool { return in.to > from && in.to < to })
}

// liveness computes which flags are live in front of each instruction.
func (o *oracle) liveness() {
	if o.code[0].next != nil {
		return // done before
	}
	// Behind the last instruction everything may be live.
	for i := range o.code {
		in := &o.code[i]
		in.next = []int{}
		if falls(&in.x) && i+1 < len(o.code) {
			in.next = append(in.next, i+1)
		}
		if k, ok := o.at[in.to]; ok && in.to != 0 && in.x.Op != x86asm.CALL {
			in.next = append(in.next, k)
		}
	}
	for changed := true; changed; {
		changed = false
		for i := len(o.code) - 1; i >= 0; i-- {
			in := &o.code[i]
			var out amd64.Flags
			for _, k := range in.next {
				out |= o.code[k].live
			}
			if i+1 == len(o.code) && falls(&in.x) || o.strays(in) {
				out = amd64.AllFlags
			}
			reads, kills := oracleFlags(&in.x)
			if live := reads | out&^kills; live != in.live {
				in.live, changed = live, true
			}
		}
	}
}

// strays reports whether a branch goes where no instruction of the function is. A jump
// out of it is a tail call, though.
func (o *oracle) strays(in *oinst) bool {
	if _, known := o.at[in.to]; known || in.to == 0 || in.x.Op == x86asm.CALL {
		return false
	}
	last := o.code[len(o.code)-1]
	return in.x.Op != x86asm.JMP || in.to >= o.code[0].pc && in.to < last.pc+uint64(last.size)
}

func falls(x *x86asm.Inst) bool {
	switch x.Op {
	case x86asm.JMP, x86asm.RET, x86asm.UD2, x86asm.UD1:
		return false
	}
	return true
}

// Which flags instructions of Go programs read and overwrite, by the start of their
// names. All others leave them alone.
func oracleFlags(x *x86asm.Inst) (reads, kills amd64.Flags) {
	const (
		c, z, s, o, p = amd64.CF, amd64.ZF, amd64.SF, amd64.OF, amd64.PF
		all           = amd64.AllFlags
	)
	name := x.Op.String()
	for _, prefix := range []string{"CMOV", "SET", "J"} {
		cc, ok := strings.CutPrefix(name, prefix)
		if !ok || name == "JMP" {
			continue
		}
		switch strings.TrimPrefix(cc, "N") {
		case "O":
			return o, 0
		case "B", "AE":
			return c, 0
		case "E":
			return z, 0
		case "BE", "A":
			return c | z, 0
		case "S":
			return s, 0
		case "P":
			return p, 0
		case "L", "GE":
			return s | o, 0
		case "LE", "G":
			return s | o | z, 0
		}
		return 0, 0 // JCXZ and its like
	}
	switch x.Op {
	case x86asm.CALL: // dead in Go's calling convention
		return 0, all
	case x86asm.JMP:
		if _, direct := x.Args[0].(x86asm.Rel); !direct {
			return all, 0 // a jump table
		}
	case x86asm.ADD, x86asm.SUB, x86asm.CMP, x86asm.NEG, x86asm.XADD, x86asm.CMPXCHG, x86asm.AND, x86asm.OR,
		x86asm.XOR, x86asm.TEST, x86asm.POPCNT, x86asm.IMUL, x86asm.MUL, x86asm.DIV, x86asm.IDIV,
		x86asm.BSF, x86asm.BSR, x86asm.TZCNT, x86asm.LZCNT, x86asm.UCOMISD, x86asm.UCOMISS,
		x86asm.COMISD, x86asm.COMISS, x86asm.PTEST, x86asm.VPTEST:
		return 0, all
	case x86asm.ADC, x86asm.SBB:
		return c, all
	case x86asm.INC, x86asm.DEC:
		return 0, all &^ c
	case x86asm.BT, x86asm.BTS, x86asm.BTR, x86asm.BTC:
		return 0, all &^ z
	case x86asm.SHL, x86asm.SHR, x86asm.SAR:
		if n, ok := x.Args[1].(x86asm.Imm); ok && n != 0 {
			return 0, all
		}
	case x86asm.ROL, x86asm.ROR:
		if n, ok := x.Args[1].(x86asm.Imm); ok && n != 0 {
			return 0, c | o
		}
	case x86asm.RCL, x86asm.RCR:
		return c, 0
	case x86asm.PUSHF, x86asm.PUSHFQ, x86asm.LAHF, x86asm.SYSCALL, x86asm.INT:
		return all, 0
	case 0: // not known to x/arch
		return 0, 0
	}
	return 0, 0
}
