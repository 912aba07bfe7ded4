// Package wirejson writes and reads what package wire describes with encoding/json: for the command and
// for tests, which take what another version of GKHI says that they don't expect. A hooked process does without; see
// package minijson.
package wirejson

import (
	"encoding/json"
	"fmt"

	"github.com/gkhi/gkhi/internal/control/wire"
)

// Read decodes the next line of r into v. Empty lines are passed over.
func Read(r *wire.Reader, v any) error {
	for {
		line, err := r.Line()
		if err != nil {
			return err
		}
		if len(line) > 0 {
			return json.Unmarshal(line, v)
		}
	}
}

// Message reads the next message, and the data that follow it.
func Message(r *wire.Reader, m *wire.Message) error {
	err := Read(r, m)
	if err == nil && m.Size != 0 {
		m.Data, err = r.Data(m.Size)
	}
	return err
}

// Append appends v as a line to b. The error is [wire.ErrTooLong], and b as it was, when the line would be longer than max.
func Append(b []byte, v any, max int) ([]byte, error) {
	line, err := json.Marshal(v)
	if err != nil {
		return b, err
	}
	if len(line)+1 > max {
		return b, fmt.Errorf("%w: %d bytes, at most %d", wire.ErrTooLong, len(line)+1, max)
	}
	return append(append(b, line...), '\n'), nil
}
