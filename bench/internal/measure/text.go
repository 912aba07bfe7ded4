package measure

import (
	"fmt"
	"os"
	"strconv"
	"strings"
)

// Figure prints three digits or so.
func Figure(x float64) string {
	digits := 2
	switch {
	case x >= 100 || x <= -100:
		digits = 0
	case x >= 10 || x <= -10:
		digits = 1
	}
	s := strconv.FormatFloat(x, 'f', digits, 64)
	if strings.Trim(s, "-0.") == "" {
		return "0" // never "-0.00"
	}
	return s
}

// WriteInto replaces the part of the document at path that is between the marks
//
//	<!-- begin: name -->
//	<!-- end: name -->
//
// It is an error if they are not there.
func WriteInto(path, name, part string) error {
	doc, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	begin, end := "<!-- begin: "+name+" -->", "<!-- end: "+name+" -->"
	before, rest, ok := strings.Cut(string(doc), begin)
	_, after, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		return fmt.Errorf("%s: the marks %s and %s are not there", path, begin, end)
	}
	return os.WriteFile(path, []byte(before+begin+"\n"+part+end+after), 0o644)
}
