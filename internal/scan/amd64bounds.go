package scan

import "bytes"

// bounds finds the functions of one segment. Where the text shows that they end, it
// asks no more than is needed to prove it: of the runtime, an entry is cheap to ask
// for at an entry itself, and dear in the middle of a function (it decodes tables
// up to there).
type bounds struct {
	funcs   Funcs
	entries Entries // or nil
	text    Segment
	// end is where the function that was found last ends, if that is known to be an
	// entry, and 0 otherwise. The next candidate is often in the function that
	// starts there.
	end uintptr
}

func newBounds(funcs Funcs, text Segment) *bounds {
	entries, _ := funcs.(Entries)
	return &bounds{funcs: funcs, entries: entries, text: text}
}

const (
	int3       = 0xCC // what the linker puts between functions
	entryAlign = 16   // at least: cmd/link aligns functions to 32

	maxEndSearch = 64 << 10 // bytes
	maxChain     = 1 << 10  // bytes from the last function's end to a candidate in the next
)

// find returns the bounds of the function that offset p of the segment is in.
func (b *bounds) find(p int) (entry, end uintptr, ok bool) {
	at := b.text.Addr + uintptr(p)
	if b.entries == nil {
		return b.funcs.Bounds(at)
	}
	last := b.end
	b.end = 0
	if last != 0 && at >= last && at-last < maxChain {
		if end, ok := b.proveEnd(last, p); ok {
			return last, end, true
		}
	}
	if entry, ok = b.entries.Entry(at); !ok {
		return 0, 0, false
	}
	if end, ok := b.proveEnd(entry, p); ok {
		return entry, end, true
	}
	return b.funcs.Bounds(at)
}

// proveEnd looks for the end of the function at entry, behind offset p: an aligned
// address that is an entry, with the byte before the padding in front of it still
// in the function.
func (b *bounds) proveEnd(entry uintptr, p int) (end uintptr, ok bool) {
	last, next, ok := paddingBehind(b.text, p)
	if !ok {
		return 0, false
	}
	end = b.text.Addr + uintptr(next)
	if e, ok := b.entries.Entry(end); !ok || e != end {
		return 0, false
	}
	if e, ok := b.entries.Entry(b.text.Addr + uintptr(last)); !ok || e != entry {
		return 0, false
	}
	b.end = end
	return end, true
}

// paddingBehind finds the first bytes INT3 behind offset p that reach up to an
// aligned address, and returns the offsets of the byte in front of them and of the
// one behind.
func paddingBehind(text Segment, p int) (last, next int, ok bool) {
	stop := min(p+maxEndSearch, len(text.Bytes))
	for p < stop {
		i := bytes.IndexByte(text.Bytes[p:stop], int3)
		if i < 0 {
			return 0, 0, false
		}
		p += i
		last = p - 1
		for p < stop && text.Bytes[p] == int3 {
			p++
		}
		if p < stop && (text.Addr+uintptr(p))%entryAlign == 0 && last >= 0 {
			return last, p, true
		}
	}
	return 0, 0, false
}
