package laydown

import (
	"cmp"
	"debug/elf"
	"encoding/binary"
	"slices"
	"strconv"
	"strings"

	"github.com/gkhi/gkhi/internal/argplace"
	"github.com/gkhi/gkhi/internal/sitetab"
)

// arguments adds to the table what the debug information tells of arguments. Without it, or if it is damaged,
// the table says why, and the program is as good in all else.
func (l *layer) arguments(t *sitetab.Table) {
	t.Layouts = []sitetab.Layout{}
	if err := l.findArguments(t); err != nil {
		t.NoArgs = err.Error()
		l.rep.NoArgs = t.NoArgs
	}
}

// A siteRef says which site of the table one is.
type siteRef struct{ fn, point, site int }

func (l *layer) findArguments(t *sitetab.Table) error {
	file := l.file
	if l.opt.Twin != "" {
		twin, err := elf.Open(l.opt.Twin)
		if err != nil {
			return err
		}
		defer twin.Close()
		file = twin
	}
	info, err := argplace.Open(file)
	if err != nil {
		return err
	}
	type one struct {
		argplace.Site
		ref siteRef
	}
	var all []one
	for i := range t.Funcs {
		for j, p := range t.Funcs[i].Points {
			for k, addr := range p.Sites {
				all = append(all, one{argplace.Site{PC: addr, Func: t.Funcs[i].Name, Kind: p.Kind}, siteRef{i, j, k}})
			}
		}
	}
	slices.SortFunc(all, func(a, b one) int { return cmp.Compare(a.PC, b.PC) })
	sites, refs := make([]argplace.Site, len(all)), make([]siteRef, len(all))
	for i := range all {
		sites[i], refs[i] = all[i].Site, all[i].ref
	}
	if err := info.Find(sites); err != nil {
		return err
	}
	l.rep.ArgSites = addArguments(t, sites, refs, l.stored)
	return nil
}

// addArguments writes down what was found, and returns at how many sites something was. stored has the sites of
// returns whose results are in their variables.
func addArguments(t *sitetab.Table, sites []argplace.Site, refs []siteRef, stored map[uint64]bool) (known int) {
	for i := range sites {
		f := &t.Funcs[refs[i].fn]
		learn(f.Params, &sites[i], false)
		learn(f.Results, &sites[i], true)
	}
	for i := range t.Funcs {
		for _, ps := range [][]sitetab.Param{t.Funcs[i].Params, t.Funcs[i].Results} {
			for j := range ps {
				ps[j].Size = max(ps[j].Size, 0)
			}
		}
	}
	used := map[string]int{} // by the key of a layout
	keys, layouts := make([]string, len(sites)), make([]sitetab.Layout, len(sites))
	for i := range sites {
		s, l := &sites[i], &layouts[i]
		f := &t.Funcs[refs[i].fn]
		l.Frame, l.Places = s.Frame, placesOf(f.Values(s.Kind), s, stored[s.PC])
		if len(l.Places) > 0 {
			known++
		}
		if keys[i] = layoutKey(*l); keys[i] != "" {
			used[keys[i]]++
		}
	}
	// The most frequent get the shortest numbers.
	order := make([]string, 0, len(used))
	for k := range used {
		order = append(order, k)
	}
	slices.SortFunc(order, func(a, b string) int { return cmp.Or(used[b]-used[a], cmp.Compare(a, b)) })
	number := make(map[string]uint32, len(order))
	for i, k := range order {
		number[k] = uint32(i + 1)
	}
	t.Layouts = make([]sitetab.Layout, len(order))
	for i, k := range keys {
		n := number[k]
		if n == 0 {
			continue
		}
		t.Layouts[n-1] = layouts[i]
		p := &t.Funcs[refs[i].fn].Points[refs[i].point]
		if p.Layouts == nil {
			p.Layouts = make([]uint32, len(p.Sites))
		}
		p.Layouts[refs[i].site] = n
	}
	return known
}

// differs is the size of a value, while others are learned, that instances of a generic function have differently.
const differs = -1

// learn completes parameters or results by what the compiler tells of them in one place.
func learn(ps []sitetab.Param, s *argplace.Site, result bool) {
	for i := range ps {
		p := &ps[i]
		v, n := valueOf(s, p.Name, i, result)
		switch {
		case n == 0 || p.Size == differs:
		case p.Size == 0 && p.Kind == sitetab.Other:
			p.Kind, p.Size = v.Kind, v.Size
		case p.Kind != v.Kind || p.Size != v.Size:
			p.Kind, p.Size = sitetab.Other, differs
		}
	}
}

// valueOf finds the i-th parameter or result in what the compiler tells, and in how many ways it does.
func valueOf(s *argplace.Site, name string, i int, result bool) (v *argplace.Value, n int) {
	if name == "_" && !result {
		return nil, 0
	}
	for j := range s.Values {
		w := &s.Values[j]
		if w.Result != result {
			continue
		}
		if w.Name == name || result && (name == "" || name == "_") && numbered(w.Name, i) {
			v = w
			n++
		}
	}
	return v, n
}

// numbered reports whether a result has the i-th of the names that the compiler gives to those without,
// or internal/instrument.
func numbered(name string, i int) bool {
	number, ok := strings.CutPrefix(name, "~r")
	if !ok {
		_, number, ok = strings.Cut(name, "_r")
		ok = ok && strings.HasPrefix(name, "gkhi")
	}
	return ok && number == strconv.Itoa(i)
}

// placesOf returns the places of values in a row, without those at the end that are not known. stored is
// whether results are in their variables already.
func placesOf(ps []sitetab.Param, s *argplace.Site, stored bool) []sitetab.Place {
	var list []sitetab.Place
	ret := s.Kind == sitetab.Return
	values, ways := make([]*argplace.Value, len(ps)), make([]int, len(ps))
	for i := range ps {
		values[i], ways[i] = valueOf(s, ps[i].Name, i, ret)
	}
	var returned [][]sitetab.Place
	if ret {
		returned = s.Returned(values)
	}
	for i, v := range values {
		words := make([]sitetab.Place, ps[i].Words())
		if v == nil || v.Kind != ps[i].Kind || v.Size != ps[i].Size {
			list = append(list, words...)
			continue
		}
		for w := range words {
			if returned != nil {
				words[w] = returned[i][w]
			}
			if words[w].Kind == sitetab.Unknown && ways[i] == 1 && (!ret || stored) {
				words[w] = v.Places[w]
			}
		}
		list = append(list, words...)
	}
	for n := len(list); n > 0 && list[n-1].Kind == sitetab.Unknown; n-- {
		list = list[:n-1]
	}
	return list
}

// layoutKey is the same for equal layouts, and "" for one that tells nothing.
func layoutKey(l sitetab.Layout) string {
	if l.Frame == 0 && len(l.Places) == 0 {
		return ""
	}
	b := binary.AppendVarint(nil, int64(l.Frame))
	for _, p := range l.Places {
		b = binary.AppendVarint(append(b, byte(p.Kind)), p.N)
	}
	return string(b)
}
