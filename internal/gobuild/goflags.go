package gobuild

import (
	"slices"
	"strings"
)

// splitFlags takes GOFLAGS apart as the go command does: words, or what stands between quotation marks that begin one.
// That a closing one is missing the go command says itself.
func splitFlags(s string) []string {
	const space = " \t\n\r"
	var out []string
	for s = strings.TrimLeft(s, space); s != ""; s = strings.TrimLeft(s, space) {
		if mark := s[0]; mark == '"' || mark == '\'' {
			word, rest, _ := strings.Cut(s[1:], string(mark))
			out, s = append(out, word), rest
			continue
		}
		end := strings.IndexAny(s, space)
		if end < 0 {
			end = len(s)
		}
		out, s = append(out, s[:end]), s[end:]
	}
	return out
}

// withoutFlags takes flags of these names out of GOFLAGS.
func withoutFlags(goflags string, names map[string]bool) string {
	var out []string
	for _, w := range splitFlags(goflags) {
		if !names[flagOf(w).name] {
			out = append(out, quote(w))
		}
	}
	return strings.Join(out, " ")
}

// flagOf reads a flag that stands in one word.
func flagOf(word string) flag {
	name, value, has := strings.Cut(strings.TrimPrefix(strings.TrimPrefix(word, "-"), "-"), "=")
	return flag{name: name, value: value, bool: !has, bare: !has}
}

// readGoflags reads GOFLAGS, without -toolexec: of the go commands that we run ourselves only the last one has that, and it is
// on their command lines.
func (b *builder) readGoflags() {
	for _, w := range splitFlags(b.env.GOFLAGS) {
		b.goflags = append(b.goflags, flagOf(w))
	}
	toolexec := words("toolexec")
	isIt := func(f flag) bool { return toolexec[f.name] }
	if b.wrapped = slices.ContainsFunc(b.goflags, isIt); b.wrapped {
		b.goflags = slices.DeleteFunc(b.goflags, isIt)
		b.env.GOFLAGS = withoutFlags(b.env.GOFLAGS, toolexec)
		b.opt.Env = append(slices.Clone(b.opt.Env), "GOFLAGS="+b.env.GOFLAGS)
	}
}

// value returns the value that a flag of the go command has, from the command line or GOFLAGS.
func (b *builder) value(name string) string {
	if v := b.args.value(name); v != "" {
		return v
	}
	for _, f := range slices.Backward(b.goflags) {
		if f.name == name {
			return f.value
		}
	}
	return ""
}
