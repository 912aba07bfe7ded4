package scan

import "github.com/gkhi/gkhi/internal/insn/amd64"

// maxWalk bounds how many instructions are looked at on the ways out of a site.
const maxWalk = 256

// maxPaths bounds how many branches are followed.
const maxPaths = 32

// flagsDead reports (0) that no flag is read before it is overwritten from instruction
// i on, on any path. A call, a return and a jump out of the function end
// a path: flags are not live there in Go's calling convention.
func (f *amd64Func) flagsDead(i int) Reason {
	type path struct {
		at   int
		live amd64.Flags
	}
	var seen [maxPaths]path // paths that were walked from here, to end loops
	nseen := 0
	todo := []path{{i, amd64.AllFlags}}
	steps := 0
	for len(todo) > 0 {
		p := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		for p.live != 0 {
			if steps++; steps > maxWalk || p.at >= len(f.code) {
				return FlagsUnknown
			}
			in := &f.code[p.at]
			end, why := endsPath(in, p.live)
			if why != 0 {
				return why
			}
			if end {
				break
			}
			p.live &^= in.Writes | in.Undef
			switch in.Kind {
			case amd64.Jcc, amd64.Loop, amd64.Jmp:
				for _, s := range seen[:nseen] {
					if s.at == p.at && s.live&p.live == p.live {
						p.live = 0 // been here
					}
				}
				if nseen == len(seen) {
					return FlagsUnknown
				}
				seen[nseen] = p
				nseen++
				k, ok := f.at(in.Target(f.pc(p.at)))
				switch {
				case in.Kind == amd64.Jmp && !ok:
					p.live = 0 // a tail call
				case in.Kind == amd64.Jmp:
					p.at = k
				case !ok:
					return FlagsUnknown
				default:
					todo = append(todo, path{k, p.live})
					p.at++
				}
			default:
				p.at++
			}
		}
	}
	return 0
}

// endsPath reports whether flags are dead at an instruction because control
// leaves the function, or why they are not dead.
func endsPath(in *amd64Inst, live amd64.Flags) (bool, Reason) {
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

// valueDead reports (0) that the straight line from instruction i on does not
// read reg before it overwrites it, as far as that can be said for certain.
func (f *amd64Func) valueDead(i int, reg byte) Reason {
	for ; i < len(f.code) && f.code[i].Kind != amd64.Jmp && f.code[i].Kind != amd64.Jcc; i++ {
		switch f.code[i].Register(reg) {
		case amd64.UseNone:
		case amd64.UseRead:
			return ValueLive
		default:
			return 0
		}
	}
	return 0
}
