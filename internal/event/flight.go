package event

import (
	"errors"
	"io"
)

// A Flight keeps the last part of a stream of blocks in memory, whole rounds of it, with all definitions: a flight
// recorder. It is not safe for concurrent use.
type Flight struct {
	max    int
	rest   []byte
	begun  bool
	defs   []byte // definitions since the beginning
	rounds [][]byte
	size   int
	round  []byte // that has not ended yet
	mark   []byte // the watermark in front of rounds
}

// NewFlight returns a Flight that keeps about max bytes of events.
func NewFlight(max int) *Flight { return &Flight{max: max} }

// Write takes a piece of the stream. An error that matches ErrFormat or ErrDamaged says that it is none.
func (f *Flight) Write(p []byte) (int, error) {
	f.rest = append(f.rest, p...)
	whole := 0
	if !f.begun {
		if len(f.rest) < len(Magic) {
			return len(p), nil
		}
		if string(f.rest[:len(Magic)]) != Magic {
			return 0, ErrFormat
		}
		whole, f.begun = len(Magic), true
	}
	for {
		b, ok, err := frame(f.rest[whole:])
		if err != nil {
			return 0, err
		}
		if !ok {
			break
		}
		f.block(b)
		whole += len(b.Raw)
	}
	f.rest = append(f.rest[:0], f.rest[whole:]...)
	return len(p), nil
}

func (f *Flight) block(b Block) {
	switch b.Type {
	case TypeMeta, TypeFuncs, TypeSites, TypeHooks, TypeFrames, TypeStacks:
		f.defs = append(f.defs, b.Raw...)
	case TypeCounts, TypeIndex: // counts are of the whole time
	case TypeWatermark:
		if f.mark == nil {
			f.mark = append([]byte(nil), b.Raw...)
			return
		}
		f.round = append(f.round, b.Raw...)
		f.rounds = append(f.rounds, append([]byte(nil), f.round...))
		f.size += len(f.round)
		f.round = f.round[:0]
		for len(f.rounds) > 1 && f.size > f.max {
			f.forget()
		}
	default:
		f.round = append(f.round, b.Raw...)
	}
}

// forget gives up the oldest round. Its watermark, the last block, is that in front of the next.
func (f *Flight) forget() {
	oldest := f.rounds[0]
	f.rounds[0] = nil
	f.rounds = f.rounds[1:]
	f.size -= len(oldest)
	for at := 0; at < len(oldest); {
		b, _, _ := frame(oldest[at:])
		at += len(b.Raw)
		if at == len(oldest) {
			f.mark = append(f.mark[:0], b.Raw...)
		}
	}
}

// Size is how many bytes of events are kept.
func (f *Flight) Size() int { return f.size }

// WriteTo writes what is kept as a recording, without an index; give it to a [Writer]. Events of the round that has not
// ended are not in it.
func (f *Flight) WriteTo(w io.Writer) (n int64, err error) {
	if !f.begun || f.mark == nil {
		return 0, errors.New("nothing was recorded yet")
	}
	pieces := append([][]byte{[]byte(Magic), f.defs, f.mark}, f.rounds...)
	for _, p := range pieces {
		m, err := w.Write(p)
		n += int64(m)
		if err != nil {
			return n, err
		}
	}
	return n, nil
}
