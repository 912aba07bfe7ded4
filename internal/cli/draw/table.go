package draw

import "strings"

// A Column is a column of a Table.
type Column struct {
	Title string
	Right bool // aligned to the right, as numbers are

	// Style is applied to each padded cell; it may look at its text. Nil leaves cells as they are.
	Style func(cell string) string
}

// A Table is rows of text under titles. Columns are as wide as their widest cell, two spaces apart.
type Table struct {
	Columns []Column
	Title   func(string) string // style of the titles' line; nil for none
	rows    [][]string
}

// Row adds a row. Cells are made safe; missing ones are empty, and those too many are dropped.
func (t *Table) Row(cells ...string) {
	row := make([]string, len(t.Columns))
	for i := range min(len(cells), len(row)) {
		row[i] = Safe(cells[i])
	}
	t.rows = append(t.rows, row)
}

// Len returns the number of rows.
func (t *Table) Len() int { return len(t.rows) }

// Lines returns the table, titles first. With width > 0 the last column is cut to keep lines within it, and where that is not enough
// the whole line is, without its styles.
func (t *Table) Lines(width int) []string {
	widths := make([]int, len(t.Columns))
	for i, c := range t.Columns {
		widths[i] = Width(c.Title)
		for _, row := range t.rows {
			widths[i] = max(widths[i], Width(row[i]))
		}
	}
	titles := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		titles[i] = c.Title
	}
	lines := make([]string, 0, len(t.rows)+1)
	titleLine := t.line(titles, widths, width, false)
	if t.Title != nil {
		titleLine = t.Title(titleLine)
	}
	lines = append(lines, titleLine)
	for _, row := range t.rows {
		lines = append(lines, t.line(row, widths, width, true))
	}
	return lines
}

// line lays out one row.
func (t *Table) line(cells []string, widths []int, width int, styled bool) string {
	last := len(cells) - 1
	var plain, line strings.Builder
	used := 0
	for i, cell := range cells {
		if i > 0 {
			plain.WriteString("  ")
			line.WriteString("  ")
			used += 2
		}
		switch {
		case i < last || t.Columns[i].Right:
			cell = pad(cell, widths[i], t.Columns[i].Right)
		case width > 0:
			cell = Cut(cell, max(width-used, 0))
		}
		used += Width(cell)
		plain.WriteString(cell)
		if style := t.Columns[i].Style; style != nil && styled {
			cell = style(cell)
		}
		line.WriteString(cell)
	}
	if width > 0 && used > width {
		return Cut(plain.String(), width)
	}
	return strings.TrimRight(line.String(), " ")
}

// Line lays out cells in columns of given widths, two spaces apart, for output that comes line by line. The first left cells are aligned
// to the left, the others to the right. Cells have to be safe.
func Line(cells []string, widths []int, left int) string {
	var b strings.Builder
	for i, cell := range cells {
		if i > 0 {
			b.WriteString("  ")
		}
		b.WriteString(pad(cell, widths[i], i >= left))
	}
	return strings.TrimRight(b.String(), " ")
}
