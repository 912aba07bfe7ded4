package draw

import "strings"

// A Column is a column of a Table.
type Column struct {
	Title string
	Right bool // aligned to the right, as numbers are

	// Names says that cells are shortened as Name does, down to leastName columns, where a line would be too long.
	Names bool

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

// leastName is what is left of names, in columns, however narrow the terminal is.
const leastName = 16

// Lines returns the table, titles first. With width > 0 names are shortened and then the last column is cut to keep lines within it, and where that is not enough
// the whole line is, without its styles.
func (t *Table) Lines(width int) []string {
	widths := make([]int, len(t.Columns))
	for i, c := range t.Columns {
		widths[i] = Width(c.Title)
		for _, row := range t.rows {
			widths[i] = max(widths[i], Width(row[i]))
		}
	}
	rows := t.fit(widths, width)
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
	for _, row := range rows {
		lines = append(lines, t.line(row, widths, width, true))
	}
	return lines
}

// fit returns the rows with names as short as they have to be, and lessens the widths of their columns.
func (t *Table) fit(widths []int, width int) [][]string {
	over := 2*(len(widths)-1) - width
	for _, w := range widths {
		over += w
	}
	if width <= 0 || over <= 0 {
		return t.rows
	}
	rows := t.rows
	for i, c := range t.Columns {
		to := max(widths[i]-over, leastName, Width(c.Title))
		if !c.Names || over <= 0 || to >= widths[i] {
			continue
		}
		over -= widths[i] - to
		widths[i] = to
		short := make([][]string, len(rows))
		for j, row := range rows {
			short[j] = append([]string(nil), row...)
			short[j][i] = Name(row[i], to)
		}
		rows = short
	}
	return rows
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
