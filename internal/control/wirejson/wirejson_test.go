package wirejson

import (
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/gkhi/gkhi/internal/control/wire"
)

func TestReadSkipsEmptyLines(t *testing.T) {
	r := wire.NewReader(strings.NewReader("\n\r\n{\"id\":7}\n"), 100)
	var m wire.Message
	if err := Read(r, &m); err != nil || m.ID != 7 {
		t.Errorf("%+v, %v", m, err)
	}
}

func TestAppend(t *testing.T) {
	b, err := Append([]byte("x"), wire.CancelArgs{ID: 3}, 100)
	if err != nil || string(b) != "x{\"id\":3}\n" {
		t.Errorf("%q, %v", b, err)
	}
	if b, err := Append(b, wire.CancelArgs{ID: 3}, len("{\"id\":3}\n")); err != nil || len(b) != 19 {
		t.Errorf("just fits: %q, %v", b, err)
	}
	if b, err := Append([]byte("x"), wire.CancelArgs{ID: 3}, len("{\"id\":3}\n")-1); !errors.Is(err, wire.ErrTooLong) || string(b) != "x" {
		t.Errorf("too long: %q, %v", b, err)
	}
	if b, err := Append([]byte("x"), func() {}, 100); err == nil || string(b) != "x" {
		t.Errorf("not JSON: %q, %v", b, err)
	}
}

func TestMessageWithData(t *testing.T) {
	for in, want := range map[string]struct {
		data string
		err  error
	}{
		"{\"id\":1,\"size\":3}\nabc{\"id\":2}\n": {"abc", nil},
		"{\"id\":1}\nabc":                        {"", nil},
		"{\"id\":1,\"size\":3}\nab":              {"ab\x00", io.ErrUnexpectedEOF},
		"{\"id\":1,\"size\":3}\n":                {"\x00\x00\x00", io.ErrUnexpectedEOF},
		"{\"id\":1,\"size\":-1}\n":               {"", wire.ErrTooLong},
		"{\"id\":1,\"size\":4194305}\n":          {"", wire.ErrTooLong},
	} {
		var m wire.Message
		err := Message(wire.NewReader(strings.NewReader(in), 100), &m)
		if string(m.Data) != want.data || !errors.Is(err, want.err) {
			t.Errorf("%q: %q, %v, want %q, %v", in, m.Data, err, want.data, want.err)
		}
	}
}
