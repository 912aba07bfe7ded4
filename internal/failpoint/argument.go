package failpoint

import (
	"bytes"
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// argument reads what is between the parentheses of t's action.
func (p *parser) argument(t *term) error {
	kind := actions[t.action].arg
	at := p.pos
	if strings.HasPrefix(p.rest(), ")") {
		if kind == duration {
			return p.errorf(at, "%s needs a time: %[1]s(50ms)", t.action)
		}
		return nil
	}
	switch kind {
	case noArgument:
		return p.errorf(at, "%s takes no argument", t.action)
	case duration:
		return p.duration(t)
	case optionalText:
		text, ok, err := p.goString()
		if err == nil && !ok {
			err = p.errorf(at, "the text of %s must be quoted: %[1]s(\"…\")", t.action)
		}
		t.text = text
		return err
	default:
		text, ok, err := p.goString()
		if err != nil {
			return err
		}
		if ok {
			t.value = quoteJSON(text)
			return nil
		}
		return p.json(t)
	}
}

// goString reads a string literal in Go's syntax, double-quoted or raw, if there is one. It leaves alone
// what begins with a quote and is no Go literal: it may be one of JSON.
func (p *parser) goString() (text string, ok bool, err error) {
	if !strings.HasPrefix(p.rest(), `"`) && !strings.HasPrefix(p.rest(), "`") {
		return "", false, nil
	}
	at := p.pos
	quoted, err := strconv.QuotedPrefix(p.rest())
	if err != nil {
		return "", false, nil
	}
	text, err = strconv.Unquote(quoted)
	if err != nil {
		return "", false, nil
	}
	if !utf8.ValidString(text) {
		return "", false, p.errorf(at, "the text %s is not valid UTF-8", quoted)
	}
	p.pos += len(quoted)
	return text, true, nil
}

// json reads a JSON value.
func (p *parser) json(t *term) error {
	at := p.pos
	dec := json.NewDecoder(strings.NewReader(p.rest()))
	var raw json.RawMessage
	if err := dec.Decode(&raw); err != nil {
		var syntax *json.SyntaxError
		switch {
		case strings.HasPrefix(p.rest(), "`"), strings.HasPrefix(p.rest(), `"`) && !errors.As(err, &syntax):
			return p.errorf(at, "the text that begins here has no closing quote")
		case errors.As(err, &syntax):
			end := max(0, min(int(syntax.Offset)-1, len(p.rest())))
			return p.errorf(at+runeStart(p.rest(), end), "not a JSON value (%v); a text must be quoted: %s(\"…\")", err, t.action)
		}
		return p.errorf(at, "the JSON value that begins here has no end")
	}
	p.pos += int(dec.InputOffset())
	var b bytes.Buffer
	if err := json.Compact(&b, raw); err != nil {
		return p.errorf(at, "not a JSON value: %v", err)
	}
	t.value = b.Bytes()
	if t.value[0] == '"' {
		// Keep one form of each string, whichever syntax it was written in.
		var s string
		if err := json.Unmarshal(t.value, &s); err != nil {
			return p.errorf(at, "not a JSON string: %v", err)
		}
		t.value = quoteJSON(s)
	}
	return nil
}

func (p *parser) duration(t *term) error {
	at := p.pos
	written, ok, err := p.goString()
	if err != nil {
		return err
	}
	if !ok {
		written = strings.TrimSpace(p.run(func(c byte) bool { return c != ')' && c != '(' }))
	}
	digits := strings.Trim(written, "0123456789") == ""
	if digits {
		written += "ms"
	}
	t.dur, err = time.ParseDuration(written)
	switch {
	case err != nil && digits:
		return p.errorf(at, "%s is longer than a time can be", written)
	case err != nil:
		return p.errorf(at, "%s is not a time; write 50ms, 1m30s, or a whole number of milliseconds", written)
	case t.dur < 0:
		return p.errorf(at, "a time of %s is negative", written)
	}
	return nil
}

// runeStart moves an offset in s back to the beginning of its character.
func runeStart(s string, at int) int {
	for at > 0 && at < len(s) && !utf8.RuneStart(s[at]) {
		at--
	}
	return at
}

// quoteJSON is s as a JSON string, without the escapes that only HTML needs.
func quoteJSON(s string) json.RawMessage {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(s); err != nil {
		panic("failpoint: a string has no JSON form: " + err.Error()) // it always has
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}
