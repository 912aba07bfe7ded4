package minijson

import (
	"errors"
	"strconv"
	"unicode/utf8"
)

// Append appends v to b. It does not write to v, which others may read meanwhile. An error, with b as it was, says that a Raw in v is not JSON.
func Append(b []byte, v Object) ([]byte, error) {
	c := Coder{out: b}
	c.object(v)
	if c.err != nil {
		return b, c.err
	}
	return c.out, nil
}

// object writes an object.
func (c *Coder) object(v Object) {
	outer := c.begun
	c.begun = false
	c.out = append(c.out, '{')
	v.JSON(c)
	c.out = append(c.out, '}')
	c.begun = outer
}

// name begins a field.
func (c *Coder) name(name string) {
	if c.begun {
		c.out = append(c.out, ',')
	}
	c.begun = true
	c.out = append(c.out, '"')
	c.out = append(c.out, name...) // ours, which need no escapes
	c.out = append(c.out, '"', ':')
}

// String is a field with text.
func (c *Coder) String(name string, p *string, when When) {
	switch {
	case c.reading:
		c.readString(name, p)
	case *p != "" || bool(when):
		c.name(name)
		c.out = AppendString(c.out, *p)
	}
}

// Bool is a field that is true or false.
func (c *Coder) Bool(name string, p *bool, when When) {
	switch {
	case c.reading:
		c.readBool(name, p)
	case *p || bool(when):
		c.name(name)
		c.out = strconv.AppendBool(c.out, *p)
	}
}

// Int is a field with a number.
func (c *Coder) Int(name string, p *int, when When) {
	n := int64(*p)
	c.signed(name, &n, when, strconv.IntSize)
	if c.reading {
		*p = int(n)
	}
}

// Int64 is a field with a number.
func (c *Coder) Int64(name string, p *int64, when When) { c.signed(name, p, when, 64) }

func (c *Coder) signed(name string, p *int64, when When, bits int) {
	switch {
	case c.reading:
		c.readInt(name, p, bits)
	case *p != 0 || bool(when):
		c.name(name)
		c.out = strconv.AppendInt(c.out, *p, 10)
	}
}

// Uint64 is a field with a number that is not negative.
func (c *Coder) Uint64(name string, p *uint64, when When) {
	switch {
	case c.reading:
		c.readUint(name, p)
	case *p != 0 || bool(when):
		c.name(name)
		c.out = strconv.AppendUint(c.out, *p, 10)
	}
}

// Strings is a field with a list of texts.
func (c *Coder) Strings(name string, p *[]string, when When) {
	if c.reading {
		c.readStrings(name, p)
		return
	}
	c.array(name, len(*p), *p == nil, when, func(i int) { c.out = AppendString(c.out, (*p)[i]) })
}

// Raw is a field with any value. When it is written it has to be JSON with no line break in it, which is an error otherwise.
func (c *Coder) Raw(name string, p *Raw, when When) {
	switch {
	case c.reading:
		c.readRaw(name, p)
	case *p == nil && when == Always:
		c.name(name)
		c.out = append(c.out, "null"...)
	case len(*p) > 0 || when == Always:
		c.name(name)
		if !oneLine(*p) && c.err == nil {
			c.err = errors.New(name + " is not JSON, or not in one line")
		}
		c.out = append(c.out, *p...)
	}
}

// Made is like Raw, of what Append has made, which is not looked at again.
func (c *Coder) Made(name string, p *Raw, when When) {
	if c.reading || len(*p) == 0 {
		c.Raw(name, p, when)
		return
	}
	c.name(name)
	c.out = append(c.out, *p...)
}

// Object is a field with an object. It is written if there is one; v may be nil otherwise. When Object reads, it fills v; only
// then, and if there was an object, it returns true.
func (c *Coder) Object(name string, there bool, v Object) (filled bool) {
	if c.reading {
		return c.readSub(name, v)
	}
	if there {
		c.name(name)
		c.object(v)
	}
	return false
}

// Bytes is a field with bytes, which is base64. It is not read, as none of the fields after it here are.
func (c *Coder) Bytes(name string, p []byte, when When) {
	switch {
	case c.reading:
		c.index++
	case len(p) > 0:
		c.name(name)
		c.out = append(c.out, '"')
		c.out = appendBase64(c.out, p)
		c.out = append(c.out, '"')
	case when == Always:
		c.name(name)
		if p == nil {
			c.out = append(c.out, "null"...)
		} else {
			c.out = append(c.out, '"', '"')
		}
	}
}

// Objects is a field with a list of n objects; none is null instead of a list of none.
func (c *Coder) Objects(name string, n int, none bool, when When, at func(i int) Object) {
	c.array(name, n, none, when, func(i int) { c.object(at(i)) })
}

// Pairs is a field with a list of pairs of numbers, a list each.
func (c *Coder) Pairs(name string, n int, none bool, when When, at func(i int) (a, b uint64)) {
	c.array(name, n, none, when, func(i int) {
		a, b := at(i)
		c.out = append(c.out, '[')
		c.out = strconv.AppendUint(c.out, a, 10)
		c.out = append(c.out, ',')
		c.out = strconv.AppendUint(c.out, b, 10)
		c.out = append(c.out, ']')
	})
}

// array writes a field with a list.
func (c *Coder) array(name string, n int, none bool, when When, elem func(i int)) {
	switch {
	case c.reading:
		c.index++
		return
	case n == 0 && when == NonZero:
		return
	}
	c.name(name)
	if none {
		c.out = append(c.out, "null"...)
		return
	}
	c.out = append(c.out, '[')
	for i := range n {
		if i > 0 {
			c.out = append(c.out, ',')
		}
		elem(i)
	}
	c.out = append(c.out, ']')
}

const hex = "0123456789abcdef"

// AppendString appends s as a JSON string to b. What is not UTF-8 becomes U+FFFD; the characters that HTML or JavaScript
// could take for something else are escaped, as encoding/json does.
func AppendString(b []byte, s string) []byte {
	b = append(b, '"')
	from := 0
	for i := 0; i < len(s); {
		if ch := s[i]; ch < utf8.RuneSelf {
			if ch >= ' ' && ch != '"' && ch != '\\' && ch != '<' && ch != '>' && ch != '&' {
				i++
				continue
			}
			b = append(b, s[from:i]...)
			b = append(b, '\\')
			switch ch {
			case '"', '\\':
				b = append(b, ch)
			case '\b':
				b = append(b, 'b')
			case '\f':
				b = append(b, 'f')
			case '\n':
				b = append(b, 'n')
			case '\r':
				b = append(b, 'r')
			case '\t':
				b = append(b, 't')
			default:
				b = append(b, 'u', '0', '0', hex[ch>>4], hex[ch&15])
			}
			i++
			from = i
			continue
		}
		r, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && n == 1:
			b = append(b, s[from:i]...)
			b = append(b, `\ufffd`...)
			from = i + n
		case r == '\u2028', r == '\u2029': // line ends in JavaScript
			b = append(b, s[from:i]...)
			b = append(b, `\u202`...)
			b = append(b, hex[r&15])
			from = i + n
		}
		i += n
	}
	b = append(b, s[from:]...)
	return append(b, '"')
}

// appendBase64 appends data in the standard encoding. Package encoding/base64 makes four alphabets in each program that links it.
func appendBase64(b, data []byte) []byte {
	digit := func(v uint32) byte {
		switch v &= 63; {
		case v < 26:
			return 'A' + byte(v)
		case v < 52:
			return 'a' + byte(v-26)
		case v < 62:
			return '0' + byte(v-52)
		case v == 62:
			return '+'
		}
		return '/'
	}
	for len(data) > 0 {
		var v uint32
		n := min(len(data), 3)
		for i := range 3 {
			v <<= 8
			if i < n {
				v |= uint32(data[i])
			}
		}
		data = data[n:]
		for i := range 4 {
			if i <= n {
				b = append(b, digit(v>>(18-6*i)))
			} else {
				b = append(b, '=')
			}
		}
	}
	return b
}
