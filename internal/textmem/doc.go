// Package textmem writes to the running program's own machine code. It is the
// only package that does.
//
// No mapping is ever writable and executable. There are two ways to write, and
// Open picks the first that works:
//
//   - /proc/self/mem: the kernel writes through its own mapping of the page; the
//     protection of ours never changes. Pages of a file are private copies from
//     then on, as with a debugger's breakpoints. The descriptor is looked at before each use, since
//     a program may have closed it and have a file of its own under its number.
//   - remap: where hardened kernels or sandboxes refuse that, a page is copied to
//     fresh memory, changed there, made read-only and executable, and moved over
//     the old one by mremap, which is atomic for the other threads: they find the old
//     page or the new one. (Making the old page writable in place is never
//     possible: other threads execute on it.)
//     A page that is replaced is no file's any more: uprobes set later don't fire on it,
//     and one that is set already leaves an INT3 in the copy that nobody answers.
//
// Writing is half of the work. The other threads' CPUs may have fetched the old
// bytes: Serialize makes each of them execute a core-serialising instruction
// before it returns to user code (membarrier, PRIVATE_EXPEDITED_SYNC_CORE,
// Linux 4.16). What order of writes and serialisations is safe is the business of
// internal/patch.
//
// A Mem is not safe for concurrent use.
package textmem

import (
	"iter"
	"os"
	"slices"
	"unsafe"
)

// A Write is some bytes for an address in the text.
type Write struct {
	Addr  uintptr
	Bytes []byte
}

// Bytes returns the n bytes of memory at addr. It is a view, not a copy: addr
// must stay mapped, and what patching writes shows in it.
func Bytes(addr uintptr, n int) []byte {
	return unsafe.Slice((*byte)(pointer(addr)), n)
}

// pointer converts the address of text, which no garbage collector moves or
// frees, as vet can't know.
func pointer(addr uintptr) unsafe.Pointer { return *(*unsafe.Pointer)(unsafe.Pointer(&addr)) }

var pageSize = uintptr(os.Getpagesize())

// sorted returns the writes in ascending order of address, in which it puts them.
func sorted(ws []Write) iter.Seq[Write] {
	order(ws)
	return slices.Values(ws)
}

// order sorts writes by address, which those that come in numbers are already. It is Shell's way, in a thirtieth of the code that
// slices.SortFunc brings into a program for each type.
func order(ws []Write) {
	at := 1
	for at < len(ws) && ws[at-1].Addr <= ws[at].Addr {
		at++
	}
	if at >= len(ws) {
		return
	}
	for gap := (len(ws) + 1) / 2; gap > 0; gap /= 2 {
		for i := gap; i < len(ws); i++ {
			for j := i; j >= gap && ws[j].Addr < ws[j-gap].Addr; j -= gap {
				ws[j], ws[j-gap] = ws[j-gap], ws[j]
			}
		}
	}
}

// spans merges writes, which come in ascending order of address, into one per page, since a whole page
// costs hardly more to write than a byte: the bytes between two of them are
// written as they are found just before.
func spans(ws iter.Seq[Write], emit func(Write) error) (err error) {
	buf := make([]byte, 0, pageSize)
	var first, end, pageEnd uintptr // of what is in buf; where its page ends
	for w := range ws {
		wEnd := w.Addr + uintptr(len(w.Bytes))
		if len(buf) > 0 && (w.Addr < end || wEnd > pageEnd) {
			if err = emit(Write{first, buf}); err != nil {
				return err
			}
			buf = buf[:0]
		}
		if len(buf) == 0 {
			first, end, pageEnd = w.Addr, w.Addr, w.Addr/pageSize*pageSize+pageSize
		}
		buf = append(append(buf, Bytes(end, int(w.Addr-end))...), w.Bytes...)
		end = wEnd
	}
	if len(buf) > 0 {
		err = emit(Write{first, buf})
	}
	return err
}
