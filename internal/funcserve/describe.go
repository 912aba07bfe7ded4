package funcserve

import (
	"fmt"
	"runtime"

	"github.com/gkhi/gkhi/internal/control/wire"
	"github.com/gkhi/gkhi/internal/funcs"
	"github.com/gkhi/gkhi/internal/patch"
)

// Describe describes a function as a hook.
func Describe(i int) wire.Hook {
	f := funcs.Get(i)
	h := wire.Hook{
		Name: f.Name, Kind: wire.KindFunction, State: wire.StateDormant, FIFO: true,
		Declared: fmt.Sprintf("%s:%d", f.File, f.Line),
	}
	state := "dormant"
	if funcs.Armed(i) {
		h.State, state = wire.StateArmed, "armed"
	}
	args, err := funcs.ArgumentsOf(i)
	if err == nil {
		h.Params, h.Results = wire.ParamsOf(args.Params), wire.ParamsOf(args.Results)
	}
	for j, p := range f.Points {
		point, values := "entry", args.Params
		if p.Return {
			point, values = "return", args.Results
		}
		for k, addr := range p.Sites {
			s := wire.Site{File: f.File, Line: p.Line, PC: uint64(addr), Point: point, Form: "bare", State: state}
			s.Bytes, s.Why = patch.Default.Code(addr)
			if err == nil {
				s.SetLayout(values, args.Layouts[j][k], runtime.GOARCH)
			}
			h.Sites = append(h.Sites, s)
		}
		if p.Unpatched > 0 {
			h.Sites = append(h.Sites, wire.Site{
				File: f.File, Line: p.Line, Point: point, State: "as compiled",
				Why: fmt.Sprintf("%d loads could not be replaced safely", p.Unpatched),
			})
		}
	}
	return h
}
