package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"unicode"

	"github.com/gkhi/gkhi/internal/cli/draw"
)

// longestValue bounds a value in a line of text, in columns. With --json values are whole.
const longestValue = 200

// durations knows which fields are durations: by hook, then by field.
type durations map[string]map[string]bool

// askDurations learns them from the hooks' event types.
func askDurations(ctx context.Context, s session) (durations, error) {
	hooks, err := s.Hooks(ctx)
	if err != nil {
		return nil, err
	}
	d := durations{}
	for _, h := range hooks {
		if h.Event == nil {
			continue
		}
		for _, f := range h.Event.Fields {
			if f.Duration || f.Type == "time.Duration" {
				if d[h.Name] == nil {
					d[h.Name] = map[string]bool{}
				}
				d[h.Name][f.Name] = true
			}
		}
	}
	return d, nil
}

// formatFields writes an event as key=value, or as a bare value when it is no struct. The result is safe to show. What is no JSON
// is shown as it is.
func formatFields(raw []byte, isDuration map[string]bool) string {
	if len(raw) == 0 || string(raw) == "null" {
		return ""
	}
	pairs, err := objectPairs(raw)
	if err != nil {
		return formatValue(raw, isDuration[""])
	}
	var b strings.Builder
	for i, p := range pairs {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(bareOrQuoted(p.key))
		b.WriteByte('=')
		b.WriteString(formatValue(p.value, isDuration[p.key]))
	}
	return b.String()
}

type pair struct {
	key   string
	value json.RawMessage
}

var errNoObject = errors.New("not a JSON object")

// objectPairs returns an object's members in their order.
func objectPairs(raw json.RawMessage) ([]pair, error) {
	d := json.NewDecoder(bytes.NewReader(raw))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return nil, errNoObject
	}
	var pairs []pair
	for d.More() {
		t, err := d.Token()
		if err != nil {
			return nil, err
		}
		key, ok := t.(string)
		if !ok {
			return nil, errNoObject
		}
		var v json.RawMessage
		if err := d.Decode(&v); err != nil {
			return nil, err
		}
		pairs = append(pairs, pair{key, v})
	}
	if _, err := d.Token(); err != nil {
		return nil, err
	}
	return pairs, nil
}

func formatValue(raw json.RawMessage, duration bool) string {
	if duration {
		if ns, err := strconv.ParseInt(string(raw), 10, 64); err == nil {
			return draw.Duration(ns)
		}
	}
	var s string
	if len(raw) > 0 && raw[0] == '"' && json.Unmarshal(raw, &s) == nil {
		return bareOrQuoted(draw.Cut(s, longestValue))
	}
	var compact bytes.Buffer
	if json.Compact(&compact, raw) == nil {
		raw = compact.Bytes()
	}
	return draw.Safe(draw.Cut(string(raw), longestValue))
}

// bareOrQuoted returns a string as it is where that can't be mistaken for anything else, and quoted otherwise.
func bareOrQuoted(s string) string {
	special := func(r rune) bool {
		return unicode.IsSpace(r) || r == '"' || r == '=' || r == '\\' || !unicode.IsPrint(r)
	}
	if s == "" || s == "null" || strings.ContainsFunc(s, special) || draw.Safe(s) != s {
		return strconv.Quote(s)
	}
	return s
}
