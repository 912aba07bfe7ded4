package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/gkhi/gkhi/bench/internal/measure"
)

// A report prints what was measured.
type report struct {
	machine measure.Machine
	plan    plan
	groups  []*group
}

// A result is one row with all that follows from the others.
type result struct {
	Group      string   `json:"group"`
	Case       string   `json:"case"`
	Event      string   `json:"event"` // what the line builds
	Goroutines int      `json:"goroutines"`
	Min        float64  `json:"min_ns"`
	Median     float64  `json:"median_ns"`
	By         string   `json:"compared_by"`  // "min" or "median": what the following are made of
	Over       float64  `json:"over_base_ns"` // less the base
	VsBase     float64  `json:"vs_base"`      // divided by the base
	VsPointer  *float64 `json:"vs_pointer,omitempty"`
	VsOther    *float64 `json:"vs_other,omitempty"`
	Allocs     float64  `json:"allocs"`
}

// results computes the rows of g.
func (r report) results(g *group) []result {
	out := make([]result, len(g.cases))
	for i, c := range g.cases {
		own, base := g.figure(g.rows[i]), g.figure(*g.baseOf(i))
		out[i] = result{
			Group: g.title, Case: c.name, Event: c.event, Goroutines: g.threads,
			Min: g.rows[i].min, Median: g.rows[i].median, By: "min",
			Over: own - base, VsBase: own / base,
			Allocs: g.rows[i].allocs,
		}
		if g.threads > 1 {
			out[i].By = "median"
		}
		ratio := func(in *group, to *row) *float64 {
			if to == nil {
				return nil
			}
			q := own / in.figure(*to)
			if in.threads != g.threads {
				q = g.rows[i].median / to.median // the same figure of both
			}
			return &q
		}
		out[i].VsPointer = ratio(g, g.find(g.pointer))
		for _, o := range r.groups {
			if g.other != "" && o.title == g.other {
				out[i].VsOther = ratio(o, o.find(c.name))
			}
		}
	}
	return out
}

// json prints the machine and then each row, one object a line.
func (r report) json(w io.Writer) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	head := struct {
		measure.Machine
		Rounds  int     `json:"rounds"`
		SliceMS float64 `json:"slice_ms"`
	}{r.machine, r.plan.rounds, r.plan.slice.Seconds() * 1000}
	if err := enc.Encode(head); err != nil {
		return err
	}
	for _, g := range r.groups {
		for _, res := range r.results(g) {
			if err := enc.Encode(res); err != nil {
				return err
			}
		}
	}
	return nil
}

// table is g as cells, the header first.
func (r report) table(g *group) [][]string {
	base := g.cases[0].name
	head := []string{"", "event built", "ns, min", "median", "over " + base, "× " + base}
	if g.pointer != "" {
		head = append(head, "× pointer")
	}
	if g.other != "" {
		head = append(head, g.otherName)
	}
	rows := [][]string{append(head, "allocations")}
	for _, res := range r.results(g) {
		cells := []string{res.Case, res.Event, measure.Figure(res.Min), measure.Figure(res.Median), measure.Figure(res.Over), measure.Figure(res.VsBase)}
		if g.pointer != "" {
			cells = append(cells, optional(res.VsPointer))
		}
		if g.other != "" {
			cells = append(cells, optional(res.VsOther))
		}
		rows = append(rows, append(cells, strconv.FormatFloat(res.Allocs, 'f', -1, 64)))
	}
	return rows
}

func optional(x *float64) string {
	if x == nil {
		return "–"
	}
	return measure.Figure(*x)
}

func (r report) heading() string {
	return fmt.Sprintf("%d rounds of %v for each case", r.plan.rounds, r.plan.slice)
}

func (r report) text(w io.Writer) error {
	if _, err := fmt.Fprintf(w, "%v\n%s\n", r.machine, r.heading()); err != nil {
		return err
	}
	for _, g := range r.groups {
		if _, err := fmt.Fprintf(w, "\n%s\n", g.title); err != nil {
			return err
		}
		tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
		for _, cells := range r.table(g) {
			fmt.Fprintln(tw, strings.Join(cells, "\t")) // Flush reports what went wrong
		}
		if err := tw.Flush(); err != nil {
			return err
		}
	}
	return nil
}

func (r report) markdown(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "`go -C bench run ./hooks -write ../docs/costs.md`, %s.\n\nMachine: %v.\n", r.heading(), r.machine)
	for _, g := range r.groups {
		fmt.Fprintf(&b, "\n### %s\n\n%s\n\n", g.title, g.note)
		for i, cells := range r.table(g) {
			fmt.Fprintf(&b, "| %s |\n", strings.Join(cells, " | "))
			if i == 0 {
				fmt.Fprintf(&b, "|---|---|%s\n", strings.Repeat("---:|", len(cells)-2))
			}
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// writeInto replaces the part of the document between the marks.
func (r report) writeInto(path string) error {
	var b strings.Builder
	if err := r.markdown(&b); err != nil {
		return err
	}
	return measure.WriteInto(path, "bench/hooks", b.String())
}
