package scan

import "github.com/gkhi/gkhi/internal/insn/amd64"

const (
	maxWalk  = 256 // how many instructions are looked at on the ways out of a site
	maxPaths = 32  // how many branches are followed
)

// A flagPath is a place on the ways out of a site, and the flags of the compare that
// are not overwritten there.
type flagPath struct {
	off  uint32
	live amd64.Flags
}

// flagsDead reports (0) that no flag is read before it is overwritten from the
// instruction at off on, on any path. A call, a return and a jump out of the
// function end a path: flags are not live there in Go's calling convention.
func (f *amd64Func) flagsDead(off uint32) Reason {
	var seen, todo [maxPaths]flagPath // branches met, and targets to go on from
	nseen, ntodo := 0, 1
	todo[0] = flagPath{off, amd64.AllFlags}
	var in amd64.Inst
	for steps := 0; ntodo > 0; {
		ntodo--
		p := todo[ntodo]
		for p.live != 0 {
			if steps++; steps > maxWalk || !f.has(p.off) {
				return FlagsUnknown
			}
			f.inst(p.off, &in)
			end, why := endsPath(&in, p.live)
			if why != 0 {
				return why
			}
			if end {
				break
			}
			p.live &^= in.Writes | in.Undef
			if !in.Branch() || p.live == 0 {
				p.off += uint32(in.Len)
				continue
			}
			if walked(seen[:nseen], p) {
				break
			}
			target := in.Target(f.pc(p.off))
			to, ok := f.at(target)
			tail := in.Kind == amd64.Jmp && !f.contains(target)
			if nseen == maxPaths || !ok && !tail {
				return FlagsUnknown
			}
			seen[nseen] = p
			nseen++
			switch {
			case in.Kind != amd64.Jmp:
				todo[ntodo] = flagPath{to, p.live} // as many as seen at most
				ntodo++
				p.off += uint32(in.Len)
			case !tail:
				p.off = to
			default:
				p.live = 0
			}
		}
	}
	return 0
}

// walked reports whether the ways out of p are among those that were walked.
func walked(seen []flagPath, p flagPath) bool {
	for _, s := range seen {
		if s.off == p.off && s.live&p.live == p.live {
			return true
		}
	}
	return false
}

// endsPath reports whether flags are dead at an instruction because control
// leaves the function, or why they are not dead.
func endsPath(in *amd64.Inst, live amd64.Flags) (bool, Reason) {
	switch in.Kind {
	case amd64.Call, amd64.CallIndirect, amd64.Ret, amd64.Undefined:
		return true, 0
	case amd64.JmpIndirect:
		return false, FlagsUnknown
	}
	if in.Reads&live == 0 {
		return false, 0
	}
	if in.Reads == amd64.AllFlags {
		return false, FlagsUnknown
	}
	return false, FlagsLive
}

// valueDead reports (0) that the straight line from the instruction at off on does not
// read reg before it overwrites it, as far as that can be said for certain.
func (f *amd64Func) valueDead(off uint32, reg byte) Reason {
	var in amd64.Inst
	for f.has(off) {
		f.inst(off, &in)
		if in.Kind == amd64.Jmp || in.Kind == amd64.Jcc {
			break
		}
		switch in.Register(reg) {
		case amd64.UseNone:
			off += uint32(in.Len)
		case amd64.UseRead:
			return ValueLive
		default:
			return 0
		}
	}
	return 0
}
