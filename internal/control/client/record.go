package client

import (
	"context"
	"encoding/json"
	"errors"
	"io"

	"github.com/gkhi/gkhi/internal/control/wire"
)

// Recording is a stream of a recording, in the format of package event. It implements io.Reader.
type Recording struct {
	*Stream
	Matched wire.Matched
	rest    []byte
}

// Record starts to record. It ends as a trace does; what was recorded before ctx ended can still be read then.
func (c *Client) Record(ctx context.Context, spec wire.RecordSpec) (*Recording, error) {
	s, err := c.open(ctx, wire.OpRecord, spec)
	if err != nil {
		return nil, err
	}
	r := &Recording{Stream: s}
	if err := json.Unmarshal(s.result, &r.Matched); err != nil {
		s.Close()
		return nil, err
	}
	return r, nil
}

// Read implements io.Reader. The error is io.EOF after the last byte; any other says why the recording
// ended before its end, as when the process did. What was read until then is a recording all the same.
func (r *Recording) Read(p []byte) (int, error) {
	if len(r.rest) == 0 {
		var err error
		if r.rest, err = r.next(); err != nil {
			if errors.Is(err, errEnd) {
				err = io.EOF
			}
			return 0, err
		}
	}
	n := copy(p, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}
