package toolexec

import (
	"io"
	"path/filepath"
	"slices"

	"github.com/gkhi/gkhi/internal/inliner"
	"github.com/gkhi/gkhi/internal/instrument"
)

// verdicts asks the compiler which functions of the original it inlines, and ends it when it has told. It returns nil where
// nobody needs to know, and what is known where the compiler fails: the compilation itself reports why.
//
// That takes about a fifth of a compilation. The estimate, which costs nothing, is wrong for one function in twenty, and
// points in those are what makes programs slow.
func (c *compilation) verdicts(dir string) *inliner.Verdicts {
	off := []string{"-l", "-N", "--l", "--N", "-l=1", "-N=1", "-l=true", "-N=true"} // inlining is off
	if c.r.Plan.Min <= 0 || slices.ContainsFunc(c.args, func(a string) bool { return slices.Contains(off, a) }) {
		return nil
	}
	// Whatever it writes goes to files of ours.
	args := flagSet(c.args).with("o", filepath.Join(dir, "verdicts.a"))
	args = flagSet(args).with("asmhdr", filepath.Join(dir, "verdicts.h"))
	cmd := c.r.command(c.tool, slices.Concat(args, []string{"-m=2"}, c.files)...)
	cmd.Stderr = nil
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil
	}
	if err := cmd.Start(); err != nil {
		return nil
	}
	v, err := inliner.Read(out)
	if err != nil {
		v = nil
	}
	cmd.Process.Kill()       //nolint:errcheck // it may have ended
	io.Copy(io.Discard, out) //nolint:errcheck // and has nothing more to say
	cmd.Wait()               //nolint:errcheck // it was ended
	return v
}

// verdict is instrument.Options.Verdict.
func verdict(v *inliner.Verdicts) func(instrument.Func) (instrument.Verdict, bool) {
	if v == nil {
		return nil
	}
	return func(fn instrument.Func) (instrument.Verdict, bool) {
		known, ok := v.At(fn.File, fn.Line, fn.Col)
		// A literal may be fit for it and yet be deferred, started or kept.
		inlined := known.CanInline && (known.Inlined || !fn.Literal)
		return instrument.Verdict{Cost: known.Cost, Inlined: inlined}, ok
	}
}
