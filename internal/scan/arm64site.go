package scan

import "github.com/gkhi/gkhi/internal/insn/arm64"

// An addrPath is a place on the ways out of an address-forming instruction: in
// front of word at, reg holds addr. While sole is set no other way leads here.
type addrPath struct {
	at   int
	reg  uint8
	addr uint64
	got  bool
	sole bool
}

type addrSeen struct {
	at  int
	reg uint8
	got bool
}

// maxFollow bounds how many words are looked at for one address.
const maxFollow = 2048

// follow tracks the address that word i puts in reg to its uses. Each use of a key
// is a site or a reject; if a key's address is formed and none is found, the
// forming is a reject.
func (s *arm64Scan) follow(i int, reg uint8, to uint64) {
	clear(s.seen)
	if s.seen == nil {
		s.seen = map[addrSeen]bool{}
	}
	var formed *target // the key whose address is formed
	viaSlot, uses := false, 0
	if arm64.Decode(s.word(i)).Kind == arm64.ADR {
		formed = s.keys.key(to)
	}
	s.walk = append(s.walk[:0], addrPath{at: i + 1, reg: reg, addr: to, sole: true})
	for steps := 0; len(s.walk) > 0; {
		p := s.walk[len(s.walk)-1]
		s.walk = s.walk[:len(s.walk)-1]
		for steps < maxFollow && s.fn.has(p.at) {
			steps++
			if s.fn.target[p.at-s.fn.from] {
				p.sole = false
				if k := (addrSeen{p.at, p.reg, p.got}); s.seen[k] {
					break
				} else {
					s.seen[k] = true
				}
			}
			t, isUse := s.use(i, &p)
			if t != nil && !isUse {
				formed, viaSlot = t, s.walk[len(s.walk)-1].got
			}
			if isUse {
				uses++
			}
			if !s.step(&p) {
				break
			}
		}
	}
	if formed != nil && uses == 0 {
		s.reject(Reject{Key: int(formed.key), Reason: AddressTaken, GOT: viaSlot, Func: s.fn.entry, Addr: s.addr(i)})
	}
}

// step moves p behind its word, and reports false where the way ends or the
// register is overwritten. A call ends it: Go code keeps nothing in registers across one.
func (s *arm64Scan) step(p *addrPath) bool {
	w := s.word(p.at)
	in := arm64.Decode(w)
	if reads, writes := arm64.Registers(w); writes.Has(p.reg) || reads == arm64.AllRegs {
		return false
	}
	switch in.Kind {
	case arm64.BL, arm64.BLR, arm64.BR, arm64.Ret, arm64.Brk:
		return false
	case arm64.B:
		p.at += int(in.Imm / 4)
		return true
	}
	if in.Branch() {
		other := *p
		other.at += int(in.Imm / 4)
		s.walk = append(s.walk, other)
	}
	p.at++
	return true
}

// use looks at what word p.at does with the address in p.reg. It returns the
// target whose address or content it yields, and whether that was reported as a use.
func (s *arm64Scan) use(ref int, p *addrPath) (t *target, reported bool) {
	in := arm64.Decode(s.word(p.at))
	if in.Rn != p.reg {
		return nil, false
	}
	switch in.Kind {
	case arm64.AddImm:
		next := addrPath{at: p.at, reg: in.Rd, addr: p.addr + uint64(in.Imm), got: p.got, sole: p.sole}
		if in.Rd == 31 || !s.keys.between(next.addr, next.addr+maxOffset) {
			return nil, false
		}
		t = s.keys.key(next.addr)
		next.at++
		s.walk = append(s.walk, next)
		return t, false
	case arm64.Load, arm64.Store, arm64.Access:
		if t = s.keys.find(p.addr + uint64(in.Imm)); t == nil {
			return nil, false
		}
		if t.value != 0 {
			if in.Kind != arm64.Load || in.Size != 8 {
				return nil, false
			}
			s.walk = append(s.walk, addrPath{at: p.at + 1, reg: in.Rd, addr: t.value, got: true, sole: p.sole})
			return s.keys.key(t.value), false
		}
		s.report(ref, p, in, t, p.addr+uint64(in.Imm) == t.addr)
		return t, true
	case arm64.LDAR, arm64.STLR:
		if t = s.keys.key(p.addr); t == nil {
			return nil, false
		}
		s.report(ref, p, in, t, p.addr == t.addr)
		return t, true
	}
	return nil, false
}

// report adds the use of a key by word p.at as a site or a reject.
func (s *arm64Scan) report(ref int, p *addrPath, in arm64.Inst, t *target, exact bool) {
	site := Site{Key: int(t.key), Func: s.fn.entry, Ref: s.addr(ref), Addr: s.addr(p.at), Reg: in.Rd}
	why := Inside
	if exact {
		why = s.site(ref, p, in, s.in.Keys[t.key].Bare, &site)
	}
	if why != 0 {
		s.reject(Reject{Key: int(t.key), Reason: why, GOT: p.got, Func: s.fn.entry, Addr: s.addr(p.at)})
		return
	}
	s.res.Sites = append(s.res.Sites, site)
}

func (s *arm64Scan) site(ref int, p *addrPath, in arm64.Inst, bare bool, site *Site) Reason {
	switch {
	case in.Kind == arm64.Store, in.Kind == arm64.STLR:
		return Stored
	case in.Kind == arm64.Access:
		return OtherAccess
	case bare && in.Kind == arm64.LDAR && in.Size == 8:
		if !p.sole {
			return AddressKept
		}
		site.Form, site.Len = Bare, arm64.WordLen
		return s.valueUnread(p.at+1, in.Rd)
	case !bare && in.Kind == arm64.Load && in.Size == 1:
		if !p.sole {
			return AddressKept
		}
		site.Form = GuardedBranch
		return s.guarded(p.at, in.Rd, site)
	}
	return Loaded
}
