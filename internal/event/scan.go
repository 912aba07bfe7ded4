package event

import (
	"errors"
	"fmt"
	"io"
)

// A Scanner reads a recording block by block, in the order of the file: what a [Reader] does not show. It keeps the definitions. It
// is not safe for concurrent use.
type Scanner struct {
	Definitions
	blocks *blockReader
	cursor cursor
}

// A Content is a block and what is in it. Of definitions the fields say how many of each kind were there before.
type Content struct {
	Block
	Offset int64

	Funcs, Sites, Hooks, Stacks int      // numbers of the first new ones
	PCs                         []uint64 // of the frames in it
	Thread                      int
	Events                      []Event
	Hits                        []Hit
	Gap                         uint64 // ticks
	Counts                      []Count
	Watermark                   Watermark
}

// NewScanner begins to read. An error matches ErrFormat when the input is no recording.
func NewScanner(r io.Reader) (*Scanner, error) {
	blocks, err := openBlocks(r)
	if err != nil {
		return nil, err
	}
	return &Scanner{blocks: blocks}, nil
}

// Next returns the next block. The error is io.EOF behind the last one, io.ErrUnexpectedEOF where the recording was cut off, and
// else matches ErrDamaged or is the input's.
func (s *Scanner) Next() (c Content, err error) {
	c.Offset = s.blocks.offset
	if c.Block, err = s.blocks.next(); err != nil {
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF // the end is told by the index
		}
		return c, err
	}
	c.Funcs, c.Sites, c.Hooks, c.Stacks = len(s.Funcs), len(s.Sites), len(s.Hooks), len(s.Stacks)
	if known, err := s.define(c.Block); known {
		if err == nil && c.Type == TypeFrames {
			c.PCs = framesOf(c.Payload)
		}
		return c, err
	}
	switch c.Type {
	case TypeEvents:
		err = s.events(&c)
	case TypeGap:
		c.Gap, err = decodeGap(c.Payload)
	case TypeHits:
		c.Hits, err = decodeHits(c.Payload, &s.Definitions)
	case TypeCounts:
		c.Counts, err = decodeCounts(c.Payload, &s.Definitions)
	case TypeWatermark:
		c.Watermark, err = decodeWatermark(c.Payload)
	case TypeIndex:
		err = io.EOF
	}
	return c, err
}

func (s *Scanner) events(c *Content) error {
	if err := s.cursor.start(c.Payload); err != nil {
		return err
	}
	c.Thread = s.cursor.ev.Thread
	for {
		ok, err := s.cursor.next(&s.Definitions)
		if err != nil || !ok {
			return err
		}
		ev := s.cursor.ev
		ev.Words = append([]uint64(nil), ev.Words...)
		c.Events = append(c.Events, ev)
	}
}

// framesOf returns the addresses of a block of frames, which parses.
func framesOf(payload []byte) (pcs []uint64) {
	p := parser{b: payload}
	for range p.count() {
		pcs = append(pcs, p.uint())
		for range p.count() {
			p.string()
			p.string()
			p.small()
		}
	}
	return pcs
}

// openBlocks reads the magic word.
func openBlocks(r io.Reader) (*blockReader, error) {
	blocks := newBlockReader(r, int64(len(Magic)))
	magic := make([]byte, len(Magic))
	n, err := io.ReadFull(blocks.r, magic)
	switch {
	case err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF):
		return nil, err
	case n == len(Magic) && string(magic) == Magic:
		return blocks, nil
	case string(magic[:7]) == Magic[:7]:
		return nil, fmt.Errorf("%w of a version that this gkhi knows: it begins with %q, where %q is known", ErrFormat, magic, Magic)
	}
	return nil, fmt.Errorf("%w: it does not begin with %q", ErrFormat, Magic)
}
