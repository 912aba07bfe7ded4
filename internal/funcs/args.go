package funcs

import (
	"errors"
	"slices"

	"github.com/gkhi/gkhi/internal/sitetab"
)

// Arguments is what is known of a function's parameters and results. It must not be changed.
type Arguments struct {
	Params, Results []sitetab.Param

	// Layouts has for each of the function's points (Func.Points), and for each of its sites, where the parameters are, or
	// at returns the results; nil where nothing is known. Its places are of this process: none is of kind Address.
	Layouts [][]*sitetab.Layout
}

// withArgs is the table with what it tells of arguments. It is a copy, as others read the table at the same time.
func withArgs() (*sitetab.Table, error) {
	tables.onceArgs.Do(func() { tables.args, tables.errArgs = readArgs() })
	return tables.args, tables.errArgs
}

func readArgs() (*sitetab.Table, error) {
	t, err := table()
	if err != nil {
		return nil, err
	}
	c := *t
	c.Funcs = slices.Clone(t.Funcs)
	for i := range c.Funcs {
		c.Funcs[i].Points = slices.Clone(c.Funcs[i].Points)
	}
	if err := c.LoadArgs(); err != nil {
		return nil, err
	}
	for i := range c.Layouts {
		for j := range c.Layouts[i].Places {
			if p := &c.Layouts[i].Places[j]; p.Kind == sitetab.Address {
				*p = sitetab.Place{Kind: sitetab.Constant, N: p.N + int64(bias(t))}
			}
		}
	}
	return &c, nil
}

// NoArgs says why it is not known where arguments are, in a sentence; "" if it is.
func NoArgs() string {
	t, err := table()
	if err != nil {
		return err.Error()
	}
	return t.NoArgs
}

// ArgumentsOf tells about function i. That part of the site table is read when it is asked for the
// first time. An error is of the table.
func ArgumentsOf(i int) (Arguments, error) {
	t, err := withArgs()
	if err != nil {
		return Arguments{}, err
	}
	if i < 0 || i >= len(t.Funcs) {
		return Arguments{}, errors.New("there is no such function")
	}
	f := &t.Funcs[i]
	a := Arguments{Params: f.Params, Results: f.Results, Layouts: make([][]*sitetab.Layout, len(f.Points))}
	for j := range f.Points {
		p := &f.Points[j]
		a.Layouts[j] = make([]*sitetab.Layout, len(p.Sites))
		for k := range p.Sites {
			a.Layouts[j][k] = t.Layout(p, k)
		}
	}
	return a, nil
}

// Laid counts the sites of all functions: those that can be patched, and the loads that can't.
func Laid() (sites, loads int) {
	t, err := table()
	if err != nil {
		return 0, 0
	}
	for i := range t.Funcs {
		for j := range t.Funcs[i].Points {
			p := &t.Funcs[i].Points[j]
			sites += len(p.Sites)
			loads += p.Unpatched
		}
	}
	return sites, loads
}
