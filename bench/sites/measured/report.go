package main

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/gkhi/gkhi/bench/internal/measure"
)

// A report prints what was measured.
type report struct {
	machine                     measure.Machine
	plan                        plan
	dormant                     []*scene
	armed, toggled, batch, scan *scene
	targets                     []target
}

func (r *report) scenes() []*scene {
	all := append(r.dormant[:len(r.dormant):len(r.dormant)], r.armed, r.toggled, r.batch, r.scan)
	return slices.DeleteFunc(all, func(s *scene) bool { return s == nil })
}

// table is s as cells, the header first. Dormant sites are compared with no site, with the least that could stand there,
// and with a plain bool.
func (r *report) table(s *scene) [][]string {
	rows := [][]string{{"", "min", "median"}}
	compared := s.Cases[0].kind == noSite
	if compared {
		rows[0] = []string{"", "ns, min", "median", "over no site", "over a jump", "over a plain bool", "× no site", "× plain bool"}
	}
	for _, c := range s.Cases {
		cells := []string{c.Case, measure.Figure(c.Min), measure.Figure(c.Median)}
		if compared {
			for _, than := range []string{noSite, jump, plainBool} {
				cells = append(cells, s.difference(c.kind, than))
			}
			cells = append(cells, measure.Figure(c.Min/s.of(noSite).Min), measure.Figure(c.Min/s.of(plainBool).Min))
		}
		rows = append(rows, cells)
	}
	return rows
}

// difference is what over says, for people.
func (s *scene) difference(kind, than string) string {
	if !s.has(than) {
		return "–"
	}
	d, half := s.over(kind, than)
	text := measure.Figure(d)
	if spread := measure.Figure(half); spread != "0" {
		text += " ± " + spread
	}
	return text
}

func (r *report) targetTable() [][]string {
	rows := [][]string{{"", "target", "measured", ""}}
	for _, t := range r.targets {
		verdict := "met"
		if !t.Met {
			verdict = "missed"
		}
		rows = append(rows, []string{t.What, t.Limit, t.Measured, verdict})
	}
	return rows
}

func (r *report) heading() string {
	return fmt.Sprintf("%d rounds of %v for each case, %d of them in each of %d layouts for dormant sites, %d batches",
		r.plan.rounds, r.plan.slice, r.plan.inEach(), max(1, len(r.plan.layouts)), r.plan.batches)
}

func (r *report) text(w io.Writer) error {
	if _, err := fmt.Fprintf(w, "%v\n%s\n", r.machine, r.heading()); err != nil {
		return err
	}
	put := func(title string, rows [][]string) error {
		fmt.Fprintf(w, "\n%s\n", title)
		tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
		for _, cells := range rows {
			fmt.Fprintln(tw, strings.Join(cells, "\t")) // Flush reports what went wrong
		}
		return tw.Flush()
	}
	for _, s := range r.scenes() {
		if err := put(s.Title, r.table(s)); err != nil {
			return err
		}
	}
	return put("Targets", r.targetTable())
}

func (r *report) markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "`go -C bench run ./sites -write ../docs/costs.md`, %s.\n\nMachine: %v.\n", r.heading(), r.machine)
	put := func(title, note string, rows [][]string) {
		fmt.Fprintf(&b, "\n### %s\n\n%s\n\n", title, note)
		for i, cells := range rows {
			fmt.Fprintf(&b, "| %s |\n", strings.Join(cells, " | "))
			if i == 0 {
				fmt.Fprintf(&b, "|---|%s\n", strings.Repeat("---:|", len(cells)-1))
			}
		}
	}
	put("Targets", "The tables below say where the figures come from. Times are minimums. Slower than a plain bool is what is so by "+
		measure.Figure(noise)+" ns or more, beyond what may be chance.", r.targetTable())
	for _, s := range r.scenes() {
		put(s.Title, s.Note, r.table(s))
	}
	return b.String()
}

// json prints the machine, then each case and each target, one object a line.
func (r *report) json(w io.Writer) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(r.machine); err != nil {
		return err
	}
	for _, s := range r.scenes() {
		for _, c := range s.Cases {
			err := enc.Encode(struct {
				Table  string  `json:"table"`
				Case   string  `json:"case"`
				Min    float64 `json:"min"`
				Median float64 `json:"median"`
			}{s.Title, c.Case, c.Min, c.Median})
			if err != nil {
				return err
			}
		}
	}
	for _, t := range r.targets {
		err := enc.Encode(struct {
			Target   string `json:"target"`
			Limit    string `json:"limit"`
			Measured string `json:"measured"`
			Met      bool   `json:"met"`
		}{t.What, t.Limit, t.Measured, t.Met})
		if err != nil {
			return err
		}
	}
	return nil
}
