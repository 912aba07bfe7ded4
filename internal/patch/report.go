//go:build linux && (amd64 || arm64)

package patch

import (
	"bytes"
	"fmt"
	"runtime"

	"github.com/gkhi/gkhi/internal/scan"
	"github.com/gkhi/gkhi/internal/textmem"
)

// noSites is why a key may have none. Where Armed and Hit are not inlined, all there is is a test behind a pointer.
const noSites = "is it used, and is the program built with inlining (no -gcflags=-l or -N)?"

// Status describes the patcher now.
func (p *Patcher) Status() Status {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := Status{Stats: p.stats, Prepared: p.mem != nil && p.scanned == len(p.keys)}
	if p.mem != nil {
		s.Method = p.mem.Method()
	}
	switch {
	case p.refused != nil:
		s.Reason = p.refused.Error()
	case p.flags != nil:
		s.Reason = p.flags.Error()
	case p.paused != nil:
		s.Reason = p.paused.Error()
	case p.mem == nil:
		s.Reason = "sites are looked for and patched when the first handler is armed, or by gkhi.Prepare"
	}
	for i := range p.laid.sites {
		if p.laid.sites[i].stuck {
			s.Stuck++
		}
		if p.checkLaid(&p.laid.sites[i]) != nil {
			s.Foreign++
		}
	}
	if p.count != nil {
		p.count(p, &s)
	}
	if s.Prepared && s.Reason == "" && s.Keys > 0 && s.Sites+s.Flagged == 0 {
		s.Reason = "no site was found: " + noSites
	}
	return s
}

// countKeys adds the keys and their sites.
func (p *Patcher) countKeys(s *Status) {
	for _, k := range p.keys {
		s.Keys++
		s.Flagged += len(k.rejects)
		for _, st := range k.sites {
			if len(st.pieces) == 0 {
				s.Flagged++
				continue
			}
			s.Sites++
			if st.foreign() != nil {
				s.Foreign++
			}
			switch st.state {
			case asCompiled:
			case flagged:
				s.Restless++
			default:
				s.Patched++
			}
			for _, pc := range st.pieces {
				if pc.stuck != 0 {
					s.Stuck++
				}
			}
		}
	}
}

// Sites describes the references to a key that Add returned: its sites first,
// then those that are none.
func (p *Patcher) Sites(key int) []SiteInfo {
	p.mu.Lock()
	defer p.mu.Unlock()
	k := p.keys[key]
	var out []SiteInfo
	for _, s := range k.sites {
		at := s.Ref
		if s.BranchLen != 0 {
			at = s.Branch // belongs to the if statement
		}
		in := describe(s.Func, at)
		in.Addr, in.Form, in.State, in.Reason = s.Addr, s.Form.String(), s.state.String(), s.whyNot
		if in.Reason == "" {
			in.Reason = s.oddity()
		}
		from := s.Addr
		if s.Form == scan.GuardedBranch {
			from = s.Branch
		}
		in.Code = append([]byte(nil), textmem.Bytes(from, int(s.End()-from))...)
		out = append(out, in)
	}
	for _, r := range k.rejects {
		in := describe(r.Func, r.Addr)
		in.Addr, in.State, in.Reason = r.Addr, asCompiled.String(), r.Reason.String()
		out = append(out, in)
	}
	return out
}

// oddity says what stands at the site though nothing was in the way when it was changed last.
func (s *site) oddity() string {
	err := s.foreign()
	switch {
	case err != nil && s.key.Bare && s.state == armed:
		// A uprobe has the kernel run the load that the file has there.
		return err.Error() + ", and hits may not be counted"
	case err != nil:
		return err.Error()
	case s.state == flagged:
		return whyFlagged
	}
	return ""
}

// foreign returns an error if the site has bytes now that are not ours. Those of the mark are nobody's trouble.
func (s *site) foreign() error {
	for _, pc := range s.pieces {
		if _, _, _, err := pc.check(); err != nil && !pc.mark {
			return err
		}
	}
	if found := textmem.Bytes(s.Branch, len(s.spared)); !bytes.Equal(found, s.spared) {
		return fmt.Errorf("found % x where its branch is, % x: somebody else changed it, and the site goes around it unless it tests its flag", found, s.spared)
	}
	return nil
}

// Patched returns the addresses of a bare key's sites that are no-ops or calls.
func (p *Patcher) Patched(key int) []uintptr {
	p.mu.Lock()
	defer p.mu.Unlock()
	var out []uintptr
	for _, s := range p.keys[key].sites {
		if s.state != asCompiled {
			out = append(out, s.Addr)
		}
	}
	return out
}

// Batches counts how often sites were changed or found.
func (p *Patcher) Batches() uint64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.stats.Batches
}

// Home returns the range of text that trampolines serve: the module's that this
// code is in.
func (p *Patcher) Home() (lo, hi uintptr) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.findHome(); err != nil {
		return 0, 0
	}
	return p.home.Addr, p.home.Addr + uintptr(len(p.home.Bytes))
}

// describe finds the function that pc was compiled into, entry being its own,
// and the place in the source.
func describe(entry, pc uintptr) (in SiteInfo) {
	in.Addr = pc
	if f := runtime.FuncForPC(entry); f != nil {
		in.Func = f.Name()
	}
	// The instructions of Armed and Hit, which are inlined, have their places in
	// this library. The one of the call is that of the code around them: that before, since
	// the compiler puts a mark there if need be.
	for p := pc; p >= entry && p != 0; p-- {
		f := runtime.FuncForPC(p)
		if f == nil {
			break
		}
		if !inLibrary(f.Name()) {
			in.File, in.Line = f.FileLine(p)
			break
		}
	}
	return in
}
