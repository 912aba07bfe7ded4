package wire

import "github.com/gkhi/gkhi/internal/sitetab"

// ParamsOf describes parameters or results.
func ParamsOf(values []sitetab.Param) []Param {
	var ps []Param
	for _, v := range values {
		ps = append(ps, Param{Name: v.Name, Type: v.Type, Size: v.Size})
	}
	return ps
}

// SetLayout says where values are at a site. l may be nil.
func (s *Site) SetLayout(values []sitetab.Param, l *sitetab.Layout, arch string) {
	if l == nil {
		return
	}
	s.Frame = l.Frame
	for i, v := range values {
		a := Arg{Index: i, Name: v.Name}
		known := false
		for _, p := range l.Of(values, i) {
			a.Places = append(a.Places, p.Text(arch))
			known = known || p.Kind != sitetab.Unknown
		}
		if known {
			s.Args = append(s.Args, a)
		}
	}
}
