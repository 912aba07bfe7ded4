package report

import (
	"strconv"
	"strings"

	"github.com/gkhi/gkhi/internal/event"
)

// Values are the arguments or results of a call, whose recorded words are those of a site; nil when there are none. A
// value without a name, as results often are, is called r0, r1 …, or err where it is the only error.
func Values(d *event.Definitions, site int, words []uint64) []event.Value {
	if len(words) == 0 || site < 0 {
		return nil
	}
	vs := d.Values(&event.Event{Site: site, Words: words})
	for i := range vs {
		if v := &vs[i]; v.Name == "" || v.Name == "_" {
			v.Name = "r" + strconv.Itoa(i)
			if v.Type == "error" && i == len(vs)-1 {
				v.Name = "err"
			}
		}
	}
	return vs
}

// Text is values as name=value, with commas between them.
func Text(vs []event.Value) string {
	var b strings.Builder
	for i, v := range vs {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(v.Name)
		b.WriteByte('=')
		b.WriteString(v.Text)
	}
	return b.String()
}
