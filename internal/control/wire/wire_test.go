package wire

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

func TestCompatible(t *testing.T) {
	for _, tt := range []struct {
		proto, min         int // mine
		peerProto, peerMin int
		want               int // 0: none
		peerIsOlder        bool
	}{
		{1, 1, 1, 1, 1, false},
		{3, 1, 2, 1, 2, false},
		{2, 1, 3, 2, 2, false},
		{3, 1, 1, 1, 1, false},
		{1, 1, 3, 2, 0, false},
		{3, 2, 1, 1, 0, true},
		{1, 1, 0, 0, 0, true},
	} {
		mine := Hello{Proto: tt.proto, Min: tt.min, Version: "v1"}
		peer := Hello{Proto: tt.peerProto, Min: tt.peerMin, Version: "v2"}
		got, err := mine.Compatible(peer)
		if got != tt.want || (err == nil) != (tt.want != 0) {
			t.Errorf("%+v: %d, %v", tt, got, err)
		}
		back, _ := peer.Compatible(mine)
		if back != got {
			t.Errorf("%+v: the sides agree on %d and %d", tt, got, back)
		}
		var verr *VersionError
		if err == nil {
			continue
		}
		if !errors.As(err, &verr) || verr.PeerIsOlder() != tt.peerIsOlder {
			t.Errorf("%+v: %v", tt, err)
		}
		update := "update this side"
		if tt.peerIsOlder {
			update = "update the other side"
		}
		for _, part := range []string{"v1", "v2", update} {
			if !strings.Contains(err.Error(), part) {
				t.Errorf("%q does not say %q", err, part)
			}
		}
	}
}

func TestReader(t *testing.T) {
	long := strings.Repeat("x", 5000) // more than the buffer of a bufio.Reader here
	for name, tt := range map[string]struct {
		in   string
		want []string
		err  error
	}{
		"lines":       {"a\nb\r\n\nc\n", []string{"a", "b", "", "c"}, io.EOF},
		"empty":       {"", nil, io.EOF},
		"cut":         {"a\nb", []string{"a"}, io.ErrUnexpectedEOF},
		"long":        {long + "\nb\n", []string{long, "b"}, io.EOF},
		"at most":     {strings.Repeat("y", 9999) + "\n", []string{strings.Repeat("y", 9999)}, io.EOF},
		"too long":    {"a\n" + strings.Repeat("y", 10000) + "\n", []string{"a"}, ErrTooLong},
		"without end": {strings.Repeat("y", 20000), nil, ErrTooLong},
	} {
		for how, in := range map[string]io.Reader{"": strings.NewReader(tt.in), ", byte by byte": iotest.OneByteReader(strings.NewReader(tt.in))} {
			r := NewReader(in, 10000)
			var got []string
			var err error
			for {
				var line []byte
				if line, err = r.Line(); err != nil {
					break
				}
				got = append(got, string(line))
			}
			if strings.Join(got, "|") != strings.Join(tt.want, "|") || !errors.Is(err, tt.err) {
				t.Errorf("%s%s: %.60q, %v, want %.60q, %v", name, how, got, err, tt.want, tt.err)
			}
		}
	}
}

func TestAppend(t *testing.T) {
	b, err := Append([]byte("x"), (&CancelArgs{ID: 3}).JSON, 100)
	if err != nil || string(b) != "x{\"id\":3}\n" {
		t.Errorf("%q, %v", b, err)
	}
	if b, err := Append(b, (&CancelArgs{ID: 3}).JSON, len("{\"id\":3}\n")); err != nil || len(b) != 19 {
		t.Errorf("just fits: %q, %v", b, err)
	}
	if b, err := Append([]byte("x"), (&CancelArgs{ID: 3}).JSON, len("{\"id\":3}\n")-1); !errors.Is(err, ErrTooLong) || string(b) != "x" {
		t.Errorf("too long: %q, %v", b, err)
	}
	if b, err := Append([]byte("x"), (&Event{Fields: Raw("{")}).JSON, 100); err == nil || string(b) != "x" {
		t.Errorf("not JSON: %q, %v", b, err)
	}
}

func TestDecodeArgs(t *testing.T) {
	for _, tt := range []struct{ raw, want string }{
		{``, ""},
		{`{}`, ""},
		{`{"patterns":["a"],"max":3}`, ""},
		{`{"patterns":["a"],"where":"N > 3"}`, `unknown field "where"`},
		{`{"max":"3"}`, "max"},
		{`[]`, "arguments"},
		{`{} {}`, "follows"},
	} {
		var spec TraceSpec
		err := DecodeArgs(Raw(tt.raw), spec.JSON)
		switch {
		case tt.want == "" && err != nil:
			t.Errorf("%s: %v", tt.raw, err)
		case tt.want != "" && (!errors.Is(err, &Error{Code: CodeBadRequest}) || !strings.Contains(err.Error(), tt.want)):
			t.Errorf("%s: %v, want %q", tt.raw, err, tt.want)
		}
	}
}

func TestError(t *testing.T) {
	e := Errorf(CodeNotFound, "no hook matches %q", "comit")
	if got := e.Error(); got != `no hook matches "comit"` {
		t.Error(got)
	}
	e.Near = []string{"commit", "omit"}
	if got := e.Error(); got != `no hook matches "comit"; near: commit, omit` {
		t.Error(got)
	}
	if !errors.Is(e, &Error{Code: CodeNotFound}) || errors.Is(e, &Error{Code: CodeBusy}) {
		t.Error("errors.Is goes by something else than the code")
	}
}

// A line that is read is one that was written, and none is longer than the limit.
func FuzzReader(f *testing.F) {
	f.Add([]byte("{\"id\":1}\n\nx"))
	f.Add(bytes.Repeat([]byte("long"), 100))
	f.Fuzz(func(t *testing.T, in []byte) {
		const max = 64
		r := NewReader(bytes.NewReader(in), max)
		at := 0
		for {
			line, err := r.Line()
			if err != nil {
				return
			}
			if len(line) >= max {
				t.Fatalf("a line of %d bytes", len(line))
			}
			end := at + bytes.IndexByte(in[at:], '\n')
			if want := bytes.TrimRight(in[at:end], "\r\n"); !bytes.Equal(line, want) {
				t.Fatalf("line %q, want %q", line, want)
			}
			at = end + 1
		}
	})
}
