package minijson

import (
	"errors"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Append appends an object to b. It does not write to its fields, which others may read meanwhile. An error, with b as it was, says that a
// Raw among them is not JSON.
func Append(b []byte, fields Fields) ([]byte, error) {
	c := Coder{out: b}
	c.object(fields)
	if c.err != nil {
		return b, c.err
	}
	return c.out, nil
}

// The two ways in which anything is written; they are not inlined, as they are called so often.

//go:noinline
func (c *Coder) put(s string) { c.out = append(c.out, s...) }

//go:noinline
func (c *Coder) putByte(b byte) { c.out = append(c.out, b) }

// object writes an object.
func (c *Coder) object(fields Fields) {
	outer := c.begun
	c.begun = false
	c.putByte('{')
	fields(c)
	c.putByte('}')
	c.begun = outer
}

// name begins a field.
func (c *Coder) name(name string) {
	if c.begun {
		c.putByte(',')
	}
	c.begun = true
	c.putByte('"')
	c.put(name) // ours, which need no escapes
	c.put(`":`)
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
	case *p:
		c.name(name)
		c.put("true")
	case when == Always:
		c.name(name)
		c.put("false")
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
	if !c.reading && (len(*p) > 0 || *p != nil && when == Always) && !oneLine(*p) && c.err == nil {
		c.err = errors.New(name + " is not JSON, or not in one line")
	}
	c.Made(name, p, when)
}

// Made is like Raw, of what Append has made, which is not looked at.
func (c *Coder) Made(name string, p *Raw, when When) {
	switch {
	case c.reading:
		c.readRaw(name, p)
	case len(*p) == 0 && when == NonZero:
	case *p == nil:
		c.name(name)
		c.put("null")
	default:
		c.name(name)
		c.out = append(c.out, *p...)
	}
}

// Object is a field with an object. It is written if there is one. When Object reads, it fills the object's fields; only
// then, and if there was an object, it returns true.
func (c *Coder) Object(name string, there bool, fields Fields) (filled bool) {
	if c.reading {
		return c.want(name) && c.readObject(fields)
	}
	if there {
		c.name(name)
		c.object(fields)
	}
	return false
}

// Bytes is a field with bytes, which is base64. It is not read, as none of the fields after it here are.
func (c *Coder) Bytes(name string, p []byte, when When) {
	switch {
	case c.reading:
		c.index++
	case len(p) == 0 && when == NonZero:
	case p == nil:
		c.name(name)
		c.put("null")
	default:
		c.name(name)
		c.putByte('"')
		c.base64(p)
		c.putByte('"')
	}
}

// Objects is a field with a list of n objects, whose fields at lists; none is null instead of a list of none.
//
//go:noinline
func (c *Coder) Objects(name string, n int, none bool, when When, at func(c *Coder, i int)) {
	c.array(name, n, none, when, func(i int) {
		c.begun = false
		c.putByte('{')
		at(c, i)
		c.putByte('}')
	})
}

// Pairs is a field with a list of pairs of numbers, a list each.
//
//go:noinline
func (c *Coder) Pairs(name string, n int, none bool, when When, at func(i int) (a, b uint64)) {
	c.array(name, n, none, when, func(i int) {
		a, b := at(i)
		c.putByte('[')
		c.out = strconv.AppendUint(c.out, a, 10)
		c.putByte(',')
		c.out = strconv.AppendUint(c.out, b, 10)
		c.putByte(']')
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
		c.put("null")
		return
	}
	c.putByte('[')
	for i := range n {
		if i > 0 {
			c.putByte(',')
		}
		elem(i)
	}
	c.putByte(']')
	c.begun = true
}

const hex = "0123456789abcdef"

// AppendString appends s as a JSON string to b. What is not UTF-8 becomes U+FFFD; the characters that HTML or JavaScript
// could take for something else are escaped, as encoding/json does.
func AppendString(b []byte, s string) []byte {
	b = append(b, '"')
	from := 0
	var room [6]byte
	for i := 0; i < len(s); {
		n, code := 1, room[:0] // the bytes of a character, and what stands for them
		switch ch := s[i]; {
		case ch >= utf8.RuneSelf:
			var r rune
			r, n = utf8.DecodeRuneInString(s[i:])
			switch {
			case r == utf8.RuneError && n == 1:
				code = append(code, `\ufffd`...)
			case r == '\u2028', r == '\u2029': // line ends in JavaScript
				code = append(code, `\u202`...)
				code = append(code, hex[r&15])
			}
		case ch < ' ', ch == '"', ch == '\\', ch == '<', ch == '>', ch == '&':
			if k := strings.IndexByte("\"\\\b\f\n\r\t", ch); k >= 0 {
				code = append(code, '\\', `"\bfnrt`[k])
			} else {
				code = append(code, '\\', 'u', '0', '0', hex[ch>>4], hex[ch&15])
			}
		}
		if len(code) > 0 {
			b = append(b, s[from:i]...)
			b = append(b, code...)
			from = i + n
		}
		i += n
	}
	b = append(b, s[from:]...)
	return append(b, '"')
}

// base64 appends data in the standard encoding. Package encoding/base64 makes four alphabets in each program that links it.
func (c *Coder) base64(data []byte) {
	const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
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
			digit := byte('=')
			if i <= n {
				digit = digits[v>>(18-6*i)&63]
			}
			c.putByte(digit)
		}
	}
}
