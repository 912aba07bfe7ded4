package wire

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/gkhi/gkhi/internal/minijson"
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

// MaxData is the most bytes that follow a message.
const MaxData = 4 << 20

// Data reads the n bytes that follow a line.
func (r *Reader) Data(n int) ([]byte, error) {
	if n < 0 || n > MaxData {
		return nil, fmt.Errorf("%w: %d bytes of data, at most %d", ErrTooLong, n, MaxData)
	}
	data := make([]byte, n)
	_, err := io.ReadFull(r.br, data)
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return data, err
}

// Append appends an object as a line to b. The error is [ErrTooLong] when the line would be longer than max, or says that a [Raw] in it is not
// JSON; b is as it was then.
func Append(b []byte, fields minijson.Fields, max int) ([]byte, error) {
	out, err := minijson.Append(b, fields)
	if err != nil {
		return b, err
	}
	if n := len(out) - len(b) + 1; n > max {
		return b, fmt.Errorf("%w: %d bytes, at most %d", ErrTooLong, n, max)
	}
	return append(out, '\n'), nil
}

// DecodeArgs decodes a request's arguments into an object's fields, and refuses what is not among them.
func DecodeArgs(raw Raw, fields minijson.Fields) error {
	if len(raw) == 0 {
		return nil
	}
	if err := minijson.ReadStrict(raw, fields); err != nil {
		return Errorf(CodeBadRequest, "arguments: %v", err)
	}
	return nil
}
