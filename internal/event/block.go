package event

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
)

// Magic begins a recording, and names the version of the format.
const Magic = "GKHIrec1"

// EndMagic ends a complete one.
const EndMagic = "GKHIend1"

// Limits.
const (
	// MaxBlock is the longest payload, in bytes.
	MaxBlock = 1 << 20

	// RoundBytes is about how much stands between two watermarks at most.
	RoundBytes = 1 << 20

	headSize = 9
)

// A Type is a block's type.
type Type byte

// The types of blocks.
const (
	TypeMeta      Type = 'M'
	TypeFuncs     Type = 'F'
	TypeSites     Type = 'S'
	TypeHooks     Type = 'K'
	TypeFrames    Type = 'P'
	TypeStacks    Type = 'T'
	TypeEvents    Type = 'E'
	TypeHits      Type = 'H'
	TypeGap       Type = 'G'
	TypeCounts    Type = 'N'
	TypeWatermark Type = 'W'
	TypeIndex     Type = 'X'
)

// Errors that callers tell apart.
var (
	// ErrFormat says that the input is not a recording, or not of a version that is known.
	ErrFormat = errors.New("not a recording of gkhi")

	// ErrDamaged says that a block is not as it was written.
	ErrDamaged = errors.New("the recording is damaged")
)

// openBlock begins a block at the end of b; closeBlock finishes it.
func openBlock(b []byte, t Type) (with []byte, at int) {
	at = len(b)
	return append(b, byte(t), 0, 0, 0, 0, 0, 0, 0, 0), at
}

func closeBlock(b []byte, at int) []byte {
	payload := b[at+headSize:]
	binary.LittleEndian.PutUint32(b[at+1:], uint32(len(payload)))
	binary.LittleEndian.PutUint32(b[at+5:], sum(Type(b[at]), payload))
	return b
}

func sum(t Type, payload []byte) uint32 {
	return crc32.Update(crc32.ChecksumIEEE([]byte{byte(t)}), crc32.IEEETable, payload)
}

// A Block is one block of a recording.
type Block struct {
	Type    Type
	Payload []byte
	Raw     []byte // all of it, head included
}

// blockReader reads blocks one by one.
type blockReader struct {
	r      *bufio.Reader
	offset int64    // of what comes next
	spare  [][]byte // memory of blocks that nobody needs any more
}

func newBlockReader(r io.Reader, offset int64) *blockReader {
	return &blockReader{r: bufio.NewReaderSize(r, 256<<10), offset: offset}
}

// next reads a block into memory of its own. The error is io.EOF at the end, io.ErrUnexpectedEOF
// when the input ends within a block, and else matches ErrDamaged or is the reader's.
func (r *blockReader) next() (b Block, err error) {
	var head [headSize]byte
	if _, err := io.ReadFull(r.r, head[:1]); err != nil {
		return b, err
	}
	if _, err := io.ReadFull(r.r, head[1:]); err != nil {
		return b, cutOff(err)
	}
	n := binary.LittleEndian.Uint32(head[1:])
	if n > MaxBlock {
		return b, fmt.Errorf("%w at byte %d: a block of %d bytes, where the most is %d", ErrDamaged, r.offset, n, MaxBlock)
	}
	b.Raw = r.memory(headSize + int(n))
	copy(b.Raw, head[:])
	if _, err := io.ReadFull(r.r, b.Raw[headSize:]); err != nil {
		return Block{}, cutOff(err)
	}
	b.Type, b.Payload = Type(head[0]), b.Raw[headSize:]
	if want, got := binary.LittleEndian.Uint32(head[5:]), sum(b.Type, b.Payload); got != want {
		return Block{}, fmt.Errorf("%w at byte %d: block %q has the sum %08x, where %08x is written", ErrDamaged, r.offset, b.Type, got, want)
	}
	r.offset += int64(len(b.Raw))
	return b, nil
}

// memory returns so many bytes, of a block that was given back if there is one that is large enough.
func (r *blockReader) memory(n int) []byte {
	if last := len(r.spare) - 1; last >= 0 {
		raw := r.spare[last]
		r.spare = r.spare[:last]
		if cap(raw) >= n {
			return raw[:n]
		}
	}
	const step = 4 << 10 // blocks of one recording are of similar sizes
	return make([]byte, n, (n+step-1)/step*step)
}

// giveBack takes the memory of a block, Raw, to which nothing refers any more.
func (r *blockReader) giveBack(raw []byte) {
	const most, largest = 64, 64 << 10
	if len(r.spare) < most && cap(raw) <= largest {
		r.spare = append(r.spare, raw)
	}
}

func cutOff(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}
