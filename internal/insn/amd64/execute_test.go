//go:build linux && amd64

package amd64_test

import (
	"runtime"
	"syscall"
	"testing"
	"unsafe"
)

// A machine is what a tested instruction starts and ends with.
type machine struct {
	flags  uint64
	reg    [4]uint64 // AX, CX, DX, BX; X0 to X3 start with the same
	result uint64    // flags afterwards
}

// An executor runs one instruction at a time on the processor.
type executor struct {
	page []byte
	fn   *struct{ code uintptr } // as a func value: a pointer to a code pointer
}

func newExecutor(t *testing.T) *executor {
	t.Helper()
	page, err := syscall.Mmap(-1, 0, syscall.Getpagesize(), syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_PRIVATE|syscall.MAP_ANON)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := syscall.Munmap(page); err != nil {
			t.Error(err)
		}
	})
	return &executor{page, &struct{ code uintptr }{uintptr(unsafe.Pointer(&page[0]))}}
}

// load prepares an instruction. The code around it is called as a Go function with a
// *machine in AX, and keeps to what Go's internal calling convention lets
// it overwrite.
func (e *executor) load(t *testing.T, code []byte) {
	t.Helper()
	if err := syscall.Mprotect(e.page, syscall.PROT_READ|syscall.PROT_WRITE); err != nil {
		t.Fatal(err)
	}
	b := append(e.page[:0],
		0x49, 0x89, 0xC3, // MOVQ AX, R11
		0x41, 0xFF, 0x33, // PUSHQ flags(R11)
		0x9D,                   // POPFQ
		0x49, 0x8B, 0x43, 0x08, // MOVQ reg+0(R11), AX
		0x49, 0x8B, 0x4B, 0x10, // MOVQ reg+8(R11), CX
		0x49, 0x8B, 0x53, 0x18, // MOVQ reg+16(R11), DX
		0x49, 0x8B, 0x5B, 0x20, // MOVQ reg+24(R11), BX
		0x66, 0x48, 0x0F, 0x6E, 0xC0, // MOVQ AX, X0
		0x66, 0x48, 0x0F, 0x6E, 0xC9, // MOVQ CX, X1
		0x66, 0x48, 0x0F, 0x6E, 0xD2, // MOVQ DX, X2
		0x66, 0x48, 0x0F, 0x6E, 0xDB, // MOVQ BX, X3
	)
	b = append(b, code...)
	_ = append(b,
		0x9C,                   // PUSHFQ
		0x41, 0x8F, 0x43, 0x28, // POPQ result(R11)
		0x49, 0x89, 0x43, 0x08, // MOVQ AX, reg+0(R11)
		0x49, 0x89, 0x4B, 0x10, // MOVQ CX, reg+8(R11)
		0x49, 0x89, 0x53, 0x18, // MOVQ DX, reg+16(R11)
		0x49, 0x89, 0x5B, 0x20, // MOVQ BX, reg+24(R11)
		0xC3, // RET
	)
	if err := syscall.Mprotect(e.page, syscall.PROT_READ|syscall.PROT_EXEC); err != nil {
		t.Fatal(err)
	}
}

func (e *executor) run(m *machine) {
	f := *(*func(*machine))(unsafe.Pointer(&e.fn))
	f(m)
	runtime.KeepAlive(e)
}
