package scan

import "github.com/gkhi/gkhi/internal/insn/arm64"

// maxBetween bounds how many words may be between a load and its branch.
const maxBetween = 16

// guarded completes the guarded site whose load into reg is word i: the first
// use of reg behind it must be a branch on whether it is 0, in a straight line,
// and no way out of the branch may read reg.
func (s *arm64Scan) guarded(i int, reg uint8, site *Site) Reason {
	j := i + 1
	for ; ; j++ {
		if j > i+maxBetween || !s.fn.has(j) {
			return NoBranch
		}
		if s.fn.target[j-s.fn.from] {
			return JumpInto
		}
		w := s.word(j)
		reads, writes := arm64.Registers(w)
		if reads.Has(reg) {
			break
		}
		if in := arm64.Decode(w); writes.Has(reg) || in.Branch() || !in.Falls() || in.Kind == arm64.BLR {
			return Loaded
		}
	}
	br := arm64.Decode(s.word(j))
	switch br.Kind {
	case arm64.CBZ, arm64.TBZ:
		site.TakenDormant = true
	case arm64.CBNZ, arm64.TBNZ:
	default:
		return Loaded
	}
	if br.Bit != 0 {
		return Compared
	}
	to := j + int(br.Imm/4)
	if !s.fn.has(to) {
		return FarTarget
	}
	site.Addr, site.Branch, site.Target = s.addr(j), s.addr(j), s.addr(to)
	site.BranchLen = arm64.WordLen
	if why := s.regDead(j+1, reg); why != 0 {
		return why
	}
	return s.regDead(to, reg)
}

// valueUnread reports (0) that the straight line from word i on does not read
// reg before it overwrites it.
func (s *arm64Scan) valueUnread(i int, reg uint8) Reason {
	for ; s.fn.has(i); i++ {
		w := s.word(i)
		reads, writes := arm64.Registers(w)
		if reads.Has(reg) {
			return ValueLive
		}
		if in := arm64.Decode(w); writes.Has(reg) || in.Branch() || !in.Falls() || in.Kind == arm64.BLR {
			return 0
		}
	}
	return 0
}

// regDead reports (0) that no instruction reads reg before it is overwritten
// from word i on, on any path. Calls, returns and jumps out of the function end a path; see
// the package comment for what that takes for granted.
func (s *arm64Scan) regDead(i int, reg uint8) Reason {
	todo := []int{i}
	var seen [maxPaths]int
	nseen := 0
	for steps := 0; len(todo) > 0; {
		at := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
	path:
		for s.fn.has(at) {
			if steps++; steps > maxWalk {
				return ValueUnknown
			}
			w := s.word(at)
			reads, writes := arm64.Registers(w)
			in := arm64.Decode(w)
			switch {
			case reads == arm64.AllRegs:
				return ValueUnknown
			case reads.Has(reg):
				return ValueLive
			case writes.Has(reg), !in.Falls() && in.Kind != arm64.B, in.Kind == arm64.BL, in.Kind == arm64.BLR:
				break path
			}
			if in.Branch() {
				for _, k := range seen[:nseen] {
					if k == at {
						break path
					}
				}
				if nseen == len(seen) {
					return ValueUnknown
				}
				seen[nseen] = at
				nseen++
				if in.Kind == arm64.B {
					at += int(in.Imm / 4)
					continue
				}
				todo = append(todo, at+int(in.Imm/4))
			}
			at++
		}
	}
	return 0
}
