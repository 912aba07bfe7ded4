package cli

import (
	"debug/elf"
	"errors"
	"fmt"
	"os"

	"github.com/gkhi/gkhi/internal/control/wire"
	"github.com/gkhi/gkhi/internal/glob"
	"github.com/gkhi/gkhi/internal/sitetab"
)

// lsFile lists the functions with points in a program's file.
func (e *env) lsFile(name string, globs []string, o lsOptions) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	table, err := sitetab.Read(f)
	if err == nil {
		err = table.LoadArgs()
	}
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	set, err := glob.CompileSet(globs)
	if err != nil {
		return &usageError{err}
	}
	names := make([]string, len(table.Funcs))
	for i := range table.Funcs {
		names[i] = table.Funcs[i].Name
	}
	if err := e.idleGlobs("ls", "function", set, names); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	var hooks []wire.Hook
	var code codeReader
	if o.verbose {
		if code, err = openCode(f); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	for i := range table.Funcs {
		if len(globs) == 0 || set.Match(names[i]) {
			hooks = append(hooks, hookOfFile(table, &table.Funcs[i], code))
		}
	}
	if o.asJSON {
		for _, h := range hooks {
			if err := e.object(h); err != nil {
				return err
			}
		}
		return nil
	}
	return e.showHooks(hooks, "linux/"+table.Arch, o)
}

// hookOfFile describes a function in the form that processes do it.
func hookOfFile(t *sitetab.Table, f *sitetab.Func, code codeReader) wire.Hook {
	h := wire.Hook{
		Name: f.Name, Kind: wire.KindFunction, State: wire.StateDormant, FIFO: true,
		Declared: fmt.Sprintf("%s:%d", f.File, f.Line), Params: wire.ParamsOf(f.Params), Results: wire.ParamsOf(f.Results),
	}
	for i := range f.Points {
		p := &f.Points[i]
		for k, addr := range p.Sites {
			s := wire.Site{
				File: f.File, Line: p.Line, PC: addr, Point: p.Kind.String(), Form: "bare", State: "dormant", Bytes: code.at(addr),
			}
			s.SetLayout(f.Values(p.Kind), t.Layout(p, k), t.Arch)
			h.Sites = append(h.Sites, s)
		}
		if p.Unpatched > 0 {
			h.Sites = append(h.Sites, wire.Site{
				File: f.File, Line: p.Line, Point: p.Kind.String(), State: "as compiled",
				Why: fmt.Sprintf("%d loads could not be replaced safely", p.Unpatched),
			})
		}
	}
	return h
}

// A codeReader has the executable sections of a file.
type codeReader struct {
	sections []*elf.Section
	length   int // of a site
}

func openCode(f *os.File) (codeReader, error) {
	file, err := elf.NewFile(f)
	if err != nil {
		return codeReader{}, err
	}
	c := codeReader{length: 7}
	if file.Machine == elf.EM_AARCH64 {
		c.length = 4
	}
	for _, s := range file.Sections {
		if s.Flags&elf.SHF_EXECINSTR != 0 && s.Type != elf.SHT_NOBITS {
			c.sections = append(c.sections, s)
		}
	}
	if len(c.sections) == 0 {
		return c, errors.New("it has no code")
	}
	return c, nil
}

// at returns what is at a site's address, or nil.
func (c codeReader) at(addr uint64) []byte {
	for _, s := range c.sections {
		if addr >= s.Addr && addr-s.Addr < s.Size {
			b := make([]byte, c.length)
			if n, _ := s.ReadAt(b, int64(addr-s.Addr)); n == len(b) {
				return b
			}
		}
	}
	return nil
}
