package failpoint

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode"
)

// Setting is one entry of a list: a program for the decision of that name.
type Setting struct {
	Name    string
	Program *Program
}

// ParseList reads the value of an environment variable that sets failpoints:
//
//	kvd.commit-error=10%return("disk full");kvd.read-delay=sleep(5ms)
//
// Entries are separated by semicolons or line breaks, except inside quotes; blanks around them and empty
// entries are ignored. Names are not checked here beyond their form. ParseList returns the entries that are
// right, and an error that joins one for each wrong entry.
func ParseList(text string) ([]Setting, error) {
	var (
		list []Setting
		errs []error
		seen = map[string]bool{}
	)
	for _, entry := range split(text) {
		s, err := parseSetting(entry)
		if err == nil && seen[s.Name] {
			err = fmt.Errorf("%s is set twice; chain the terms with -> instead", s.Name)
		}
		if err != nil {
			errs = append(errs, err)
			continue
		}
		seen[s.Name] = true
		list = append(list, s)
	}
	return list, errors.Join(errs...)
}

// FormatList is the inverse of ParseList, in canonical form.
func FormatList(list []Setting) string {
	var b strings.Builder
	for i, s := range list {
		if i > 0 {
			b.WriteByte(';')
		}
		b.WriteString(s.Name + "=" + s.Program.String())
	}
	return b.String()
}

func parseSetting(entry string) (Setting, error) {
	name, text, ok := strings.Cut(entry, "=")
	name = strings.TrimSpace(name)
	if !ok || name == "" {
		return Setting{}, fmt.Errorf("%s: an entry is written name=term", strconv.Quote(entry))
	}
	for _, r := range name {
		// What would make a name of the beginning of a term whose own name was forgotten.
		if unicode.IsSpace(r) || !unicode.IsPrint(r) || strings.ContainsRune("\"'`%>", r) {
			return Setting{}, fmt.Errorf("%s: the name before = has a %q in it", strconv.Quote(entry), r)
		}
	}
	prog, err := Parse(strings.TrimSpace(text))
	if err != nil {
		return Setting{}, fmt.Errorf("%s: %w", name, err)
	}
	return Setting{name, prog}, nil
}

// split cuts a list at its semicolons and line breaks, and drops empty entries. A quote that is never
// closed reaches to the end; Parse then reports it.
func split(text string) []string {
	var (
		entries []string
		quote   byte // the quote that we are in, or 0
		start   int
	)
	cut := func(end int) {
		if e := strings.TrimSpace(text[start:end]); e != "" {
			entries = append(entries, e)
		}
	}
	for i := 0; i < len(text); i++ {
		c := text[i]
		switch {
		case quote == '"' && c == '\\':
			i++ // whatever is escaped, it doesn't end the quote
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '"' || c == '`':
			quote = c
		case c == ';' || c == '\n':
			cut(i)
			start = i + 1
		}
	}
	cut(len(text))
	return entries
}
