package sitetab

import (
	"fmt"
	"strconv"
	"strings"
)

// amd64Names are the general registers by number.
var amd64Names = [...]string{"AX", "CX", "DX", "BX", "SP", "BP", "SI", "DI"}

// Text writes a place as Go's assembler does for an architecture (GOARCH): AX, F3, 16(SP), $7; "?" where it is not known.
func (p Place) Text(arch string) string {
	switch p.Kind {
	case Register:
		if arch == "amd64" && p.N >= 0 && p.N < int64(len(amd64Names)) {
			return amd64Names[p.N]
		}
		return "R" + strconv.FormatInt(p.N, 10)
	case FloatRegister:
		if arch == "amd64" {
			return "X" + strconv.FormatInt(p.N, 10)
		}
		return "F" + strconv.FormatInt(p.N, 10)
	case Stack:
		return strconv.FormatInt(p.N, 10) + "(SP)"
	case Constant:
		return "$" + strconv.FormatInt(p.N, 10)
	case Address:
		return fmt.Sprintf("$%#x", p.N)
	}
	return "?"
}

// Signature writes parameters and results as Go does: (c *client, msg []byte) (n int, err error).
func Signature(params, results []Param) string {
	switch {
	case len(results) == 0:
		return listText(params)
	case len(results) == 1 && results[0].Name == "":
		return listText(params) + " " + results[0].Type
	}
	return listText(params) + " " + listText(results)
}

func listText(ps []Param) string {
	named := false
	for _, p := range ps {
		named = named || p.Name != ""
	}
	var b strings.Builder
	b.WriteByte('(')
	for i, p := range ps {
		if i > 0 {
			b.WriteString(", ")
		}
		if p.Name != "" {
			b.WriteString(p.Name + " ")
		} else if named {
			b.WriteString("_ ")
		}
		b.WriteString(p.Type)
	}
	b.WriteByte(')')
	return b.String()
}

// Of returns the places of the i-th of values in a layout, which may be nil.
func (l *Layout) Of(values []Param, i int) []Place {
	places := make([]Place, values[i].Words())
	if l == nil {
		return places
	}
	at := 0
	for _, v := range values[:i] {
		at += v.Words()
	}
	if at < len(l.Places) {
		copy(places, l.Places[at:])
	}
	return places
}
