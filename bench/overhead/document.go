package main

import (
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/gkhi/gkhi/bench/internal/measure"
)

// What lines of the document's part begin with.
const (
	partName    = "bench/overhead"
	machineMark = "Machine: "
	meanMark    = "| geometric mean |"
)

// writeRows puts rows into the document, in the places of those of the same modules. What else is there stays, if the
// same machine has measured it.
func writeRows(path string, rows []row, m measure.Machine, stderr io.Writer) error {
	doc, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	old, err := rowsOf(string(doc), m)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if old == nil && len(rows) < len(subjects) {
		fmt.Fprintf(stderr, "overhead: %s has no rows of this machine: a table of %d is begun\n", path, len(rows))
	}
	return measure.WriteInto(path, partName, report(merge(old, rows), m))
}

// rowsOf reads a document's rows that were measured on m. A table of another form than today's has none.
func rowsOf(doc string, m measure.Machine) ([]row, error) {
	_, part, _ := strings.Cut(doc, "<!-- begin: "+partName+" -->")
	part, _, _ = strings.Cut(part, "<!-- end: "+partName+" -->")
	if !strings.Contains(part, machineMark+m.String()+".\n") {
		return nil, nil
	}
	_, table, _ := strings.Cut(part, tableHead)
	table, _, _ = strings.Cut(table, meanMark)
	var rows []row
	for line := range strings.Lines(table) {
		r, err := parseRow(line)
		if err != nil {
			return nil, err
		}
		rows = append(rows, r)
	}
	return rows, nil
}

// merge returns a row for each subject that has one, in the subjects' order; new ones count.
func merge(old, rows []row) []row {
	known := map[string]row{}
	for _, r := range append(old, rows...) {
		known[r.what] = r
	}
	var all []row
	for _, s := range subjects {
		if r, ok := known[s.title()]; ok {
			all = append(all, r)
		}
	}
	return all
}
