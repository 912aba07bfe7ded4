package draw

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Safe returns s with everything escaped that could do more to a terminal, or to the order in which a line reads, than
// show a character: control characters, line breaks, invalid UTF-8, and the Unicode characters that change direction or are invisible.
// Escapes are those of Go strings. Ordinary text is returned as it is.
func Safe(s string) string {
	for i, r := range s {
		if unsafeRune(r) && !(r == utf8.RuneError && strings.HasPrefix(s[i:], "\uFFFD")) {
			return escape(s, i)
		}
	}
	return s
}

// escape does the work of Safe, from the byte offset of the first character that needs it.
func escape(s string, from int) string {
	var b strings.Builder
	b.WriteString(s[:from])
	for i := from; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && n == 1:
			fmt.Fprintf(&b, `\x%02x`, s[i])
		case !unsafeRune(r) || r == utf8.RuneError:
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\r':
			b.WriteString(`\r`)
		case r == '\t':
			b.WriteString(`\t`)
		case r < 0x80:
			fmt.Fprintf(&b, `\x%02x`, r)
		case r < 0x10000:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			fmt.Fprintf(&b, `\U%08x`, r)
		}
		i += n
	}
	return b.String()
}

// unsafeRune reports whether r is anything but a visible character or a plain space. U+FFFD is among them, since it may
// stand for a byte that is not UTF-8; callers tell the two apart.
func unsafeRune(r rune) bool {
	if r < 0x7f {
		return r < ' '
	}
	// IsPrint is false for controls, formats such as U+202E, private use, surrogates, and spaces but the ordinary one.
	return r == utf8.RuneError || !unicode.IsPrint(r)
}

// SafeJSON returns JSON text with what Safe would escape written as \u escapes, which mean the same: in
// valid JSON such characters occur in strings only. Bytes that are not UTF-8 become U+FFFD.
func SafeJSON(text []byte) []byte {
	var out []byte // nil until something has to change
	for i := 0; i < len(text); {
		r, n := utf8.DecodeRune(text[i:])
		if text[i] >= ' ' && text[i] < 0x7f || !unsafeRune(r) || r == utf8.RuneError && n > 1 {
			if out != nil {
				out = append(out, text[i:i+n]...)
			}
			i += n
			continue
		}
		if out == nil {
			out = append(make([]byte, 0, len(text)+16), text[:i]...)
		}
		switch {
		case r >= 0x10000:
			r -= 0x10000
			out = fmt.Appendf(out, `\u%04x\u%04x`, 0xd800+r>>10, 0xdc00+r&0x3ff)
		case r >= ' ':
			out = fmt.Appendf(out, `\u%04x`, r)
		default:
			out = append(out, ' ') // space between tokens; strings have none of it
		}
		i += n
	}
	if out == nil {
		return text
	}
	return out
}

// Width returns how many columns s takes on a terminal, at most: where terminals differ, the
// larger figure, so that a line that is cut to fit never wraps. Escape sequences are not understood.
func Width(s string) int {
	w := 0
	for _, r := range s {
		w += runeWidth(r)
	}
	return w
}

func runeWidth(r rune) int {
	switch {
	case r < 0x300:
		return 1
	case unicode.In(r, unicode.Mn, unicode.Me):
		return 0
	case r < 0x1100, r >= 0x2010 && r < 0x2e80: // punctuation, arrows, frames, blocks
		return 1
	}
	return 2
}

// Cut shortens s to at most width columns, the last of which is then an ellipsis.
func Cut(s string, width int) string {
	if Width(s) <= width {
		return s
	}
	w := 0
	for i, r := range s {
		if w+runeWidth(r) > width-1 {
			if width < 1 {
				return ""
			}
			return s[:i] + "…"
		}
		w += runeWidth(r)
	}
	return s
}

// pad fills s with spaces up to width columns, on its left if right is set.
func pad(s string, width int, right bool) string {
	fill := strings.Repeat(" ", max(width-Width(s), 0))
	if right {
		return fill + s
	}
	return s + fill
}
