// Package textmem writes to the running program's own machine code. It is the
// only package that does.
//
// No mapping is ever writable and executable. There are two ways to write, and
// Open picks the first that works:
//
//   - /proc/self/mem: the kernel writes through its own mapping of the page; the
//     protection of ours never changes. Pages of a file are private copies from
//     then on, as with a debugger's breakpoints.
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
	"cmp"
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

// spans merges writes, which it sorts if they are not, into one per page, since a whole page
// costs hardly more to write than a byte: the bytes between two of them are
// written as they are found just before.
func spans(ws []Write, emit func(Write) error) error {
	byAddr := func(a, b Write) int { return cmp.Compare(a.Addr, b.Addr) }
	if !slices.IsSortedFunc(ws, byAddr) {
		slices.SortFunc(ws, byAddr)
	}
	buf := make([]byte, 0, pageSize)
	for i := 0; i < len(ws); {
		first, end := ws[i].Addr, ws[i].Addr+uintptr(len(ws[i].Bytes))
		j := i + 1
		for ; j < len(ws) && ws[j].Addr/pageSize == first/pageSize; j++ {
			if e := ws[j].Addr + uintptr(len(ws[j].Bytes)); e <= first/pageSize*pageSize+pageSize {
				end = max(end, e)
			} else {
				break
			}
		}
		w := ws[i]
		if j > i+1 {
			buf = append(buf[:0], Bytes(first, int(end-first))...)
			for _, p := range ws[i:j] {
				copy(buf[p.Addr-first:], p.Bytes)
			}
			w = Write{first, buf}
		}
		if err := emit(w); err != nil {
			return err
		}
		i = j
	}
	return nil
}
