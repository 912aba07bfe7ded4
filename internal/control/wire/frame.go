package wire

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// ErrTooLong says that a line is longer than its reader or writer allows. A reader can't go on after it.
var ErrTooLong = errors.New("line too long")

// Reader reads lines of bounded length. It is not safe for concurrent use.
type Reader struct {
	br  *bufio.Reader
	max int
	buf []byte
}

// NewReader returns a Reader of lines of at most max bytes, newline included.
func NewReader(r io.Reader, max int) *Reader {
	return &Reader{br: bufio.NewReaderSize(r, 4096), max: max}
}

// Line returns the next line without its newline, valid until the next call. A last line with no newline is an
// io.ErrUnexpectedEOF: the peer died while it wrote.
func (r *Reader) Line() ([]byte, error) {
	if cap(r.buf) > 16<<10 {
		r.buf = nil // one long line must not hold its memory for the connection's life
	}
	r.buf = r.buf[:0]
	for {
		part, err := r.br.ReadSlice('\n')
		if len(r.buf)+len(part) > r.max {
			return nil, fmt.Errorf("%w: over %d bytes", ErrTooLong, r.max)
		}
		r.buf = append(r.buf, part...)
		switch {
		case err == nil:
			return bytes.TrimRight(r.buf, "\r\n"), nil
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case errors.Is(err, io.EOF) && len(r.buf) > 0:
			return nil, io.ErrUnexpectedEOF
		}
		return nil, err
	}
}

// Read decodes the next line into v. Empty lines are passed over.
func (r *Reader) Read(v any) error {
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

// MaxData is the most bytes that follow a message.
const MaxData = 4 << 20

// Message reads the next message, and the data that follow it.
func (r *Reader) Message(m *Message) error {
	if err := r.Read(m); err != nil || m.Size == 0 {
		return err
	}
	if m.Size < 0 || m.Size > MaxData {
		return fmt.Errorf("%w: %d bytes of data, at most %d", ErrTooLong, m.Size, MaxData)
	}
	m.Data = make([]byte, m.Size)
	_, err := io.ReadFull(r.br, m.Data)
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// Append appends v as a line to b. The error is [ErrTooLong], and b as it was, when the line would be longer than max.
func Append(b []byte, v any, max int) ([]byte, error) {
	line, err := json.Marshal(v)
	if err != nil {
		return b, err
	}
	if len(line)+1 > max {
		return b, fmt.Errorf("%w: %d bytes, at most %d", ErrTooLong, len(line)+1, max)
	}
	return append(append(b, line...), '\n'), nil
}

// DecodeArgs decodes a request's arguments into v, and refuses those that v does not have.
func DecodeArgs(raw json.RawMessage, v any) error {
	if len(raw) == 0 {
		return nil
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return Errorf(CodeBadRequest, "arguments: %v", err)
	}
	return nil
}
