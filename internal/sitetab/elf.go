package sitetab

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// ErrNone says that a file has no table: it was not built by gkhi build, or none of its functions was chosen.
var ErrNone = errors.New("it has no table of hook points: it was not built by gkhi build, or with patterns that chose no function")

// Limits on what is read of a file that may be damaged.
const (
	maxSections = 1 << 16
	maxNames    = 1 << 24
	maxTable    = 1 << 28
)

// Read finds the table in an ELF file (64 bits, little-endian) and decodes it. The error is
// [ErrNone] when there is none, as in files that are not ELF.
//
// It reads section headers by itself, since debug/elf brings a quarter of a megabyte of code
// into every program that has points. The layout is that of the System V ABI, chapter 4.
func Read(r io.ReaderAt) (*Table, error) {
	b, err := section(r)
	if err != nil {
		return nil, err
	}
	return Decode(b)
}

const (
	headerSize  = 64
	sectionSize = 64
	noBits      = 8 // SHT_NOBITS
)

// section returns the content of the section that holds the table.
func section(r io.ReaderAt) ([]byte, error) {
	head := make([]byte, headerSize)
	if n, err := r.ReadAt(head, 0); n < len(head) {
		if errors.Is(err, io.EOF) {
			err = ErrNone
		}
		return nil, err
	}
	const class64, littleEndian = 2, 1
	if string(head[:4]) != "\x7fELF" || head[4] != class64 || head[5] != littleEndian {
		return nil, ErrNone
	}
	le := binary.LittleEndian
	at := le.Uint64(head[0x28:])
	size, count, names := le.Uint16(head[0x3A:]), int(le.Uint16(head[0x3C:])), int(le.Uint16(head[0x3E:]))
	if at == 0 || at > 1<<62 || count == 0 || names >= count {
		return nil, ErrNone // without section headers, as sstrip(1) leaves it
	}
	if size != sectionSize || count > maxSections {
		return nil, fmt.Errorf("%w: section headers of %d bytes", errDamaged, size)
	}
	headers := make([]byte, count*sectionSize)
	if err := readAll(r, headers, at); err != nil {
		return nil, err
	}
	text, err := content(r, headers[names*sectionSize:], maxNames)
	if err != nil {
		return nil, err
	}
	for h := headers; len(h) > 0; h = h[sectionSize:] {
		n := le.Uint32(h)
		if uint64(n) >= uint64(len(text)) || le.Uint32(h[4:]) == noBits {
			continue
		}
		if name, _, ok := bytes.Cut(text[n:], []byte{0}); ok && string(name) == SectionName {
			return content(r, h, maxTable)
		}
	}
	return nil, ErrNone
}

// content reads the section of a header.
func content(r io.ReaderAt, header []byte, limit uint64) ([]byte, error) {
	at, size := binary.LittleEndian.Uint64(header[24:]), binary.LittleEndian.Uint64(header[32:])
	if size > limit || at > 1<<62 {
		return nil, fmt.Errorf("%w: a section of %d bytes", errDamaged, size)
	}
	// In pieces, so that a lie about the size costs no memory.
	var b []byte
	for piece := uint64(1 << 20); uint64(len(b)) < size; {
		n := min(piece, size-uint64(len(b)))
		from := len(b)
		b = append(b, make([]byte, n)...)
		if err := readAll(r, b[from:], at+uint64(from)); err != nil {
			return nil, err
		}
	}
	return b, nil
}

func readAll(r io.ReaderAt, b []byte, at uint64) error {
	n, err := r.ReadAt(b, int64(at))
	if n == len(b) {
		return nil
	}
	if err == nil || errors.Is(err, io.EOF) {
		return fmt.Errorf("%w: the file ends too early", errDamaged)
	}
	return err
}
