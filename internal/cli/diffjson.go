package cli

import recordings "github.com/gkhi/gkhi/internal/report"

// A diffLine is a function as --json prints it.
type diffLine struct {
	Function  string              `json:"function"`
	A         *recordings.FuncRow `json:"a,omitempty"`
	B         *recordings.FuncRow `json:"b,omitempty"`
	PerSecond bool                `json:"perSecond,omitempty"` // the ratios of calls, totalNs and selfNs are of that
	Ratio     *diffRatio          `json:"ratio,omitempty"`     // b to a; missing where one of them is
}

type diffRatio struct {
	Calls   *float64 `json:"calls,omitempty"`
	TotalNS *float64 `json:"totalNs,omitempty"`
	SelfNS  *float64 `json:"selfNs,omitempty"`
	Mean    *float64 `json:"mean,omitempty"`
	P50     *float64 `json:"p50,omitempty"`
	P99     *float64 `json:"p99,omitempty"`
	Max     *float64 `json:"max,omitempty"`
}

func (e *env) diffJSON(cs []recordings.Change) error {
	for i := range cs {
		c := &cs[i]
		line := diffLine{Function: c.Name, PerSecond: c.PerSecond}
		if c.A != nil {
			r := c.A.Row()
			line.A = &r
		}
		if c.B != nil {
			r := c.B.Row()
			line.B = &r
		}
		if c.A != nil && c.B != nil {
			line.Ratio = &diffRatio{
				Calls: ratioOrNil(c.Calls), TotalNS: ratioOrNil(c.Total), SelfNS: ratioOrNil(c.Self),
				Mean: ratioOrNil(c.Mean()), P50: ratioOrNil(c.Quantile(0.5)), P99: ratioOrNil(c.Quantile(0.99)), Max: ratioOrNil(c.Max()),
			}
		}
		if err := e.object(line); err != nil {
			return err
		}
	}
	return nil
}

func ratioOrNil(both [2]float64) *float64 {
	if r, ok := ratio(both); ok {
		return &r
	}
	return nil
}
