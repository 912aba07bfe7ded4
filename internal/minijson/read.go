package minijson

import (
	"errors"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// MaxDepth is how deep lists and objects may be in each other.
const MaxDepth = 64

// Read fills the fields of an object, which is new, with data, which has to be one object, or null, which changes nothing. What is not
// among the fields is passed over.
func Read(data []byte, fields Fields) error { return read(data, fields, false) }

// ReadStrict is like Read, but what is not among the fields is an error.
func ReadStrict(data []byte, fields Fields) error { return read(data, fields, true) }

func read(data []byte, fields Fields, strict bool) error {
	c := Coder{reading: true, in: data, strict: strict}
	c.readObject(fields)
	if c.space(); c.at < len(c.in) {
		c.fail("something follows the value", "")
	}
	return c.err
}

// fail notes what is wrong, and ends the reading. Its text is in two parts, which need not be put together where they are written down.
func (c *Coder) fail(what, why string) {
	if c.err == nil {
		c.err = errors.New(what + why + ", at byte " + strconv.Itoa(c.at))
	}
	c.at = len(c.in)
}

const expected = " expected"

// space passes over spaces, and returns the byte behind them; 0 at the end.
func (c *Coder) space() byte {
	for c.at < len(c.in) {
		switch ch := c.in[c.at]; ch {
		case ' ', '\t', '\r', '\n':
			c.at++
		default:
			return ch
		}
	}
	return 0
}

// next passes over a byte, with spaces in front of it, if it is the next.
func (c *Coder) next(want byte) bool {
	if c.space() != want || c.at == len(c.in) {
		return false
	}
	c.at++
	return true
}

// word passes over a word, with spaces in front of it, if it is the next.
func (c *Coder) word(want string) bool {
	c.space()
	if len(c.in)-c.at < len(want) || string(c.in[c.at:c.at+len(want)]) != want {
		return false
	}
	c.at += len(want)
	return true
}

// enter goes a level down.
func (c *Coder) enter() {
	if c.depth++; c.depth > MaxDepth {
		c.fail("too deep", "")
	}
}

// elements calls elem for each element of a list, or of an object, whose first bracket has been read.
func (c *Coder) elements(end byte, elem func()) {
	c.enter()
	for more := !c.next(end); more && c.err == nil; more = !c.next(end) {
		elem()
		if c.next(',') {
			if c.space() == end {
				c.fail("after a comma, a value", expected)
			}
		} else if c.space() != end {
			c.fail("a comma or the end of the value", expected)
		}
	}
	c.depth--
}

// readObject fills fields; it reports whether there was an object, not null.
func (c *Coder) readObject(fields Fields) bool {
	switch {
	case c.word("null"):
		return false
	case !c.next('{'):
		c.fail("an object", expected)
		return false
	}
	key, index, taken, seen := c.key, c.index, c.taken, c.seen
	c.seen = 0
	c.elements('}', func() {
		key, ok := c.text()
		if !ok || !c.next(':') {
			c.fail("a name and a colon", expected)
			return
		}
		c.key, c.index, c.taken = string(key), 0, false
		fields(c)
		switch {
		case c.taken || c.err != nil:
		case c.strict:
			c.fail("unknown field ", strconv.Quote(c.key))
		default:
			c.skip()
		}
	})
	c.key, c.index, c.taken, c.seen = key, index, taken, seen
	return true
}

// want reports whether the value that is next is that of the field name.
func (c *Coder) want(name string) bool {
	bit := uint64(1) << c.index
	c.index++
	switch {
	case c.taken || c.err != nil || !sameName(c.key, name):
		return false
	case c.seen&bit != 0:
		c.fail(name, " is there twice")
		return false
	}
	c.seen |= bit
	c.taken = true
	return true
}

// sameName compares as encoding/json does: without regard to case, by Unicode's rules, of which two letters of ASCII have more than two.
func sameName(key, name string) bool {
	if key == name {
		return true
	}
	i := 0
	for _, r := range key {
		switch {
		case 'A' <= r && r <= 'Z':
			r += 'a' - 'A'
		case r == '\u017f': // long s
			r = 's'
		case r == '\u212a': // the sign of Kelvin
			r = 'k'
		}
		if i == len(name) || r >= utf8.RuneSelf || byte(r) != lower(name[i]) {
			return false
		}
		i++
	}
	return i == len(name)
}

func lower(ch byte) byte {
	if 'A' <= ch && ch <= 'Z' {
		ch += 'a' - 'A'
	}
	return ch
}

// scalar reports whether a value is to be read: the field is name, and its value is not null, which leaves a field as it is.
func (c *Coder) scalar(name string) bool { return c.want(name) && !c.word("null") }

func (c *Coder) readString(name string, p *string) {
	if !c.scalar(name) {
		return
	}
	s, ok := c.text()
	if !ok {
		c.fail(name, " has to be a string")
		return
	}
	*p = string(s)
}

func (c *Coder) readBool(name string, p *bool) {
	if !c.scalar(name) {
		return
	}
	switch {
	case c.word("true"):
		*p = true
	case c.word("false"):
		*p = false
	default:
		c.fail(name, " has to be true or false")
	}
}

func (c *Coder) readInt(name string, p *int64, bits int) {
	if !c.scalar(name) {
		return
	}
	n, err := strconv.ParseInt(c.number(), 10, bits)
	if err != nil {
		c.fail(name, " has to be a whole number")
		return
	}
	*p = n
}

func (c *Coder) readUint(name string, p *uint64) {
	if !c.scalar(name) {
		return
	}
	n, err := strconv.ParseUint(c.number(), 10, 64)
	if err != nil {
		c.fail(name, " has to be a whole number from 0 on")
		return
	}
	*p = n
}

func (c *Coder) readStrings(name string, p *[]string) {
	if !c.scalar(name) {
		return
	}
	if !c.next('[') {
		c.fail(name, " has to be a list")
		return
	}
	list := []string{}
	c.elements(']', func() {
		var s []byte
		ok := c.word("null")
		if !ok {
			s, ok = c.text()
		}
		if !ok {
			c.fail(name, " has to be a list of strings")
		}
		list = append(list, string(s))
	})
	*p = list
}

func (c *Coder) readRaw(name string, p *Raw) {
	if !c.want(name) {
		return
	}
	c.space()
	from := c.at
	if c.skip(); c.err == nil {
		*p = append(Raw{}, c.in[from:c.at]...)
	}
}

// skip passes over a value.
func (c *Coder) skip() {
	switch ch := c.space(); ch {
	case '{':
		c.at++
		c.elements('}', func() {
			if _, ok := c.text(); !ok || !c.next(':') {
				c.fail("a name and a colon", expected)
				return
			}
			c.skip()
		})
	case '[':
		c.at++
		c.elements(']', c.skip)
	case '"':
		if _, ok := c.text(); !ok {
			c.fail("a string that does not end, or has something in it that it may not", "")
		}
	default:
		if !c.word("null") && !c.word("true") && !c.word("false") && c.number() == "" {
			c.fail("a value", expected)
		}
	}
}

// number passes over a number and returns it; "" when there is none.
func (c *Coder) number() string {
	c.space()
	from := c.at
	digits := func() bool {
		first := c.at
		for c.at < len(c.in) && '0' <= c.in[c.at] && c.in[c.at] <= '9' {
			c.at++
		}
		return c.at > first
	}
	one := func(a, b byte) bool {
		if c.at < len(c.in) && (c.in[c.at] == a || c.in[c.at] == b) {
			c.at++
			return true
		}
		return false
	}
	one('-', '-')
	ok := one('0', '0') || digits() // nothing follows a zero in front
	if ok && one('.', '.') {
		ok = digits()
	}
	if ok && one('e', 'E') {
		one('+', '-')
		ok = digits()
	}
	if !ok {
		c.at = from
		return ""
	}
	return string(c.in[from:c.at])
}

// text passes over a string and returns what it means, which may be a part of c.in.
func (c *Coder) text() (s []byte, ok bool) {
	if !c.next('"') {
		return nil, false
	}
	from := c.at
	for c.at < len(c.in) && c.in[c.at] >= ' ' && c.in[c.at] < utf8.RuneSelf && c.in[c.at] != '\\' && c.in[c.at] != '"' {
		c.at++
	}
	if c.at < len(c.in) && c.in[c.at] == '"' { // most are so
		c.at++
		return c.in[from : c.at-1], true
	}
	b := append([]byte(nil), c.in[from:c.at]...)
	for c.at < len(c.in) {
		switch ch := c.in[c.at]; {
		case ch == '"':
			c.at++
			return b, true
		case ch < ' ':
			return nil, false
		case ch == '\\':
			c.at++
			r := c.escape()
			if r < 0 {
				return nil, false
			}
			b = utf8.AppendRune(b, r)
		default:
			r, n := utf8.DecodeRune(c.in[c.at:])
			b = utf8.AppendRune(b, r) // U+FFFD where it is not UTF-8
			c.at += n
		}
	}
	return nil, false
}

// escape returns what follows a backslash means; -1 for nothing.
func (c *Coder) escape() rune {
	if c.at == len(c.in) {
		return -1
	}
	ch := c.in[c.at]
	c.at++
	if k := strings.IndexByte(`"\/bfnrt`, ch); k >= 0 {
		return rune("\"\\/\b\f\n\r\t"[k])
	}
	if ch != 'u' {
		return -1
	}
	r := hex4(c.in[c.at:])
	if r < 0 {
		return -1
	}
	c.at += 4
	if utf16.IsSurrogate(r) {
		// The second half, if it is one; else the first stands alone, and the other is read for itself.
		low := rune(-1)
		if rest := c.in[c.at:]; len(rest) > 2 && rest[0] == '\\' && rest[1] == 'u' {
			low = hex4(rest[2:])
		}
		if r = utf16.DecodeRune(r, low); r != utf8.RuneError {
			c.at += 6
		}
	}
	return r
}

// hex4 reads four hexadecimal digits; -1 where there are none.
func hex4(b []byte) (r rune) {
	if len(b) < 4 {
		return -1
	}
	for _, ch := range b[:4] {
		switch {
		case '0' <= ch && ch <= '9':
			ch -= '0'
		case 'a' <= ch|0x20 && ch|0x20 <= 'f':
			ch = ch | 0x20 - 'a' + 10
		default:
			return -1
		}
		r = r<<4 | rune(ch)
	}
	return r
}

// oneLine reports whether raw is one JSON value with no line break in it.
func oneLine(raw Raw) bool {
	for _, ch := range raw {
		if ch == '\n' || ch == '\r' {
			return false
		}
	}
	c := Coder{reading: true, in: raw}
	c.skip()
	c.space()
	return c.err == nil && c.at == len(c.in)
}
