package event

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// An Entry of the index tells of one block.
type Entry struct {
	Type        Type
	Offset      int64
	Length      int // head included
	First, Last uint64
	Count       int // of events
}

// An Index tells of all blocks of a complete recording.
type Index []Entry

// Events sums the events.
func (x Index) Events() (n uint64) {
	for _, e := range x {
		n += uint64(e.Count)
	}
	return n
}

// A Writer writes a stream of blocks, as an [Encoder] makes them, to a file, and at the end the
// index. The stream may come in pieces of any length; only whole blocks are written. It is
// not safe for concurrent use.
type Writer struct {
	w      io.Writer
	rest   []byte
	index  Index
	offset int64
	events uint64
	err    error
}

// NewWriter returns a writer to w.
func NewWriter(w io.Writer) *Writer { return &Writer{w: w} }

// Events counts the events and hits written.
func (w *Writer) Events() uint64 { return w.events }

// Offset is the number of bytes written.
func (w *Writer) Offset() int64 { return w.offset }

// Write takes a piece of the stream. An error that matches ErrFormat or ErrDamaged says that it is none.
func (w *Writer) Write(p []byte) (int, error) {
	if w.err != nil {
		return 0, w.err
	}
	w.rest = append(w.rest, p...)
	whole := 0
	if w.offset == 0 {
		if len(w.rest) < len(Magic) {
			return len(p), nil
		}
		if string(w.rest[:len(Magic)]) != Magic {
			w.err = ErrFormat
			return 0, w.err
		}
		whole = len(Magic)
	}
	for {
		b, ok, err := frame(w.rest[whole:])
		if err != nil {
			w.err = err
			return 0, err
		}
		if !ok {
			break
		}
		if b.Type != TypeIndex { // it is made anew
			w.note(b, w.offset+int64(whole))
		}
		whole += len(b.Raw)
	}
	n, err := w.w.Write(w.rest[:whole])
	w.offset += int64(n)
	w.rest = append(w.rest[:0], w.rest[whole:]...)
	w.err = err
	return len(p), err
}

// frame finds the block at the beginning of b. It reports false when b has only a part of it.
func frame(b []byte) (Block, bool, error) {
	if len(b) < headSize {
		return Block{}, false, nil
	}
	n := int(binary.LittleEndian.Uint32(b[1:]))
	if n > MaxBlock {
		return Block{}, false, fmt.Errorf("%w: a block of %d bytes, where the most is %d", ErrDamaged, n, MaxBlock)
	}
	if len(b) < headSize+n {
		return Block{}, false, nil
	}
	return Block{Type: Type(b[0]), Payload: b[headSize : headSize+n], Raw: b[:headSize+n]}, true, nil
}

func (w *Writer) note(b Block, offset int64) {
	e := Entry{Type: b.Type, Offset: offset, Length: len(b.Raw)}
	if b.Type == TypeEvents {
		p := parser{b: b.Payload}
		p.small()
		e.First, e.Last, e.Count = p.uint(), p.uint(), p.small()
		w.events += uint64(e.Count)
	}
	if b.Type == TypeHits {
		w.events += countHits(b.Payload)
	}
	w.index = append(w.index, e)
}

// countHits counts the hits of a block, as far as it parses.
func countHits(payload []byte) (n uint64) {
	for p := (parser{b: payload}); len(p.b) > 0; {
		p.uint()
		p.uint()
		p.uint()
		if p.bytes(); p.bad {
			break
		}
		n++
	}
	return n
}

// Close writes the index. It does not close the file. What came of an unfinished block is left out.
func (w *Writer) Close() error {
	if w.err != nil {
		return w.err
	}
	if w.offset == 0 {
		return fmt.Errorf("%w: nothing was written", ErrFormat)
	}
	var out []byte
	at := w.offset
	x := w.index
	for len(x) > 0 { // each block of the index holds a part of it
		n := min(len(x), MaxBlock/64)
		b, from := openBlock(out, TypeIndex)
		b = binary.AppendUvarint(b, uint64(n))
		for _, e := range x[:n] {
			b = append(b, byte(e.Type))
			b = binary.AppendUvarint(b, uint64(e.Offset))
			b = binary.AppendUvarint(b, uint64(e.Length))
			b = binary.AppendUvarint(b, e.First)
			b = binary.AppendUvarint(b, e.Last-e.First)
			b = binary.AppendUvarint(b, uint64(e.Count))
		}
		out = closeBlock(b, from)
		x = x[n:]
	}
	out = binary.LittleEndian.AppendUint64(out, uint64(at))
	out = append(out, EndMagic...)
	n, err := w.w.Write(out)
	w.offset += int64(n)
	if err == nil {
		err = errClosed
	}
	w.err = err
	if errors.Is(err, errClosed) {
		return nil
	}
	return err
}

var errClosed = errors.New("the recording is closed")

// ReadIndex reads the index of a complete recording of size bytes. It returns nil, with no error, for one that was cut off.
func ReadIndex(r io.ReaderAt, size int64) (Index, error) {
	const tail = 8 + len(EndMagic)
	var end [tail]byte
	if size < int64(len(Magic)+tail) {
		return nil, nil
	}
	if _, err := r.ReadAt(end[:], size-int64(tail)); err != nil {
		return nil, err
	}
	if string(end[8:]) != EndMagic {
		return nil, nil
	}
	at := int64(binary.LittleEndian.Uint64(end[:]))
	if at < 0 || at > size-int64(tail) {
		return nil, fmt.Errorf("%w: its index is said to be at byte %d of %d", ErrDamaged, at, size)
	}
	blocks := newBlockReader(io.NewSectionReader(r, at, size-int64(tail)-at), at)
	var x Index
	for {
		b, err := blocks.next()
		if err == io.EOF {
			return x, nil
		}
		if err != nil {
			return nil, err
		}
		p := parser{b: b.Payload}
		for range p.count() {
			e := Entry{Type: Type(p.byte()), Offset: int64(p.uint()), Length: p.small(), First: p.uint()}
			e.Last, e.Count = e.First+p.uint(), p.small()
			x = append(x, e)
		}
		if b.Type != TypeIndex || p.bad {
			return nil, fmt.Errorf("%w: its index does not parse", ErrDamaged)
		}
	}
}
