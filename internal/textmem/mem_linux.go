//go:build amd64 || arm64

package textmem

import (
	"errors"
	"fmt"
	"iter"
	"os"
	"runtime"
	"syscall"
	"unsafe"
)

// A Mem writes to this process's text.
type Mem struct {
	sys   System
	fd    int  // of /proc/self/mem
	id    File // what fd leads to
	remap bool // the other way to write
}

// A Probe is a function to try writing on: Call returns 0 while the instruction
// at Addr is Plain, as compiled, and 1 while it is Changed. Nothing else calls it.
type Probe struct {
	Addr           uintptr
	Plain, Changed []byte
	Call           func() uint64
}

// System is what a Mem asks of the kernel, so that tests can refuse it.
type System interface {
	Membarrier(cmd int) error
	OpenMem() (fd int, err error)
	CloseMem(fd int) error
	// Fstat tells what fd leads to now.
	Fstat(fd int) (File, error)
	Pwrite(fd int, b []byte, at int64) error
	// RemapPage replaces the page at addr by one with these contents, read-only
	// and executable.
	RemapPage(addr uintptr, page []byte) error
}

// A File tells files apart, as a process sees them.
type File struct {
	Dev, Ino uint64
	Pid      int // the process's own
}

// Commands of membarrier(2).
const (
	SyncCore         = 1 << 5
	RegisterSyncCore = 1 << 6
)

// Open prepares writing, and tries it on probe: what is written must be what is
// executed, which is not so under every emulator. The error is a sentence that
// says what the system refuses.
func Open(sys System, probe Probe) (*Mem, error) {
	m := &Mem{sys: sys, fd: -1}
	if err := sys.Membarrier(RegisterSyncCore); err != nil {
		return nil, fmt.Errorf("the kernel or a seccomp profile refuses membarrier's SYNC_CORE (Linux 4.16 or later has it): %w", err)
	}
	err := m.open()
	if err == nil {
		if err = m.try(probe); err == nil {
			return m, nil
		}
		m.Close()
	}
	m.remap = true
	if err2 := m.try(probe); err2 != nil {
		return nil, fmt.Errorf("code can be changed neither through /proc/self/mem (%w) nor by remapping (%w)", err, err2)
	}
	return m, nil
}

func (m *Mem) open() error {
	fd, err := m.sys.OpenMem()
	if err != nil {
		return err
	}
	id, err := m.sys.Fstat(fd)
	if err != nil {
		_ = m.sys.CloseMem(fd)
		return fmt.Errorf("fstat: %w", err)
	}
	m.fd, m.id = fd, id
	return nil
}

// isOurs reports whether fd is what was opened. A program may close all descriptors that it doesn't know, and the number
// be another file's by now; in a child that C code forked it leads to the parent's memory.
func (m *Mem) isOurs() bool {
	if m.fd < 0 {
		return false
	}
	id, err := m.sys.Fstat(m.fd)
	return err == nil && id == m.id
}

// Close frees what Open took.
func (m *Mem) Close() {
	if m.isOurs() {
		_ = m.sys.CloseMem(m.fd)
	}
	m.fd = -1
}

// try changes the probe and changes it back.
func (m *Mem) try(p Probe) error {
	put := func(b []byte) (uint64, error) {
		if err := m.write(Write{p.Addr, b}); err != nil {
			return 0, err
		}
		if err := m.Serialize(); err != nil {
			return 0, err
		}
		return p.Call(), nil
	}
	changed, err := put(p.Changed)
	if err != nil {
		return err
	}
	back, err := put(p.Plain)
	if err == nil && (changed != 1 || back != 0) {
		err = errors.New("changed code is not what is executed: an emulator?")
	}
	return err
}

// Method says how text is written, for people.
func (m *Mem) Method() string {
	if m.remap {
		return "remapped pages"
	}
	return "/proc/self/mem"
}

// Write writes all of ws, which it reorders. On an error some may be written.
// Writes must not overlap.
func (m *Mem) Write(ws []Write) error { return m.WriteSorted(sorted(ws)) }

// WriteSorted is Write for writes that come in ascending order of address. It takes no memory for each: the bytes
// of one may be overwritten when the next is asked for.
func (m *Mem) WriteSorted(ws iter.Seq[Write]) error {
	if !m.remap && !m.isOurs() {
		m.fd = -1
		if err := m.open(); err != nil {
			return fmt.Errorf("somebody closed our descriptor of /proc/self/mem: %w", err)
		}
	}
	if runtime.GOARCH == "amd64" || m.remap {
		return spans(ws, m.write)
	}
	// Each alone: a word has to change at once, which a page does that is remapped,
	// but which the kernel's copying promises for an aligned word only.
	for w := range ws {
		if err := m.write(w); err != nil {
			return err
		}
	}
	return nil
}

func (m *Mem) write(w Write) error {
	if !m.remap {
		if err := m.sys.Pwrite(m.fd, w.Bytes, int64(w.Addr)); err != nil {
			return fmt.Errorf("write %d bytes of text at %#x: %w", len(w.Bytes), w.Addr, err)
		}
		return nil
	}
	for len(w.Bytes) > 0 { // a write may cross into the next page
		page := w.Addr &^ (pageSize - 1)
		b := append([]byte(nil), Bytes(page, int(pageSize))...)
		n := copy(b[w.Addr-page:], w.Bytes)
		if err := m.sys.RemapPage(page, b); err != nil {
			return fmt.Errorf("remap the page of text at %#x: %w", page, err)
		}
		w.Addr, w.Bytes = w.Addr+uintptr(n), w.Bytes[n:]
	}
	return nil
}

// Serialize returns when every thread of the process has executed, or will
// execute before its next user instruction, a core-serialising instruction.
func (m *Mem) Serialize() error {
	if err := m.sys.Membarrier(SyncCore); err != nil {
		return fmt.Errorf("membarrier: %w", err)
	}
	return nil
}

// Kernel is the real System.
type Kernel struct{}

// Membarrier calls membarrier(2). To register may take some ten milliseconds. A barrier takes microseconds, and so
// is made as the runtime makes its own short system calls: one that the scheduler knows of may cost the
// caller its processor, and where threads are busy it then waits for one for longer than the barrier takes.
func (Kernel) Membarrier(cmd int) error {
	call := syscall.RawSyscall
	if cmd == RegisterSyncCore {
		call = syscall.Syscall
	}
	if _, _, e := call(sysMembarrier, uintptr(cmd), 0, 0); e != 0 {
		return e
	}
	return nil
}

// OpenMem opens /proc/self/mem and keeps it for the life of the process.
func (Kernel) OpenMem() (int, error) {
	fd, err := syscall.Open("/proc/self/mem", syscall.O_RDWR|syscall.O_CLOEXEC, 0)
	if err != nil {
		return -1, os.NewSyscallError("open", err)
	}
	return fd, nil
}

// CloseMem closes what OpenMem opened.
func (Kernel) CloseMem(fd int) error { return os.NewSyscallError("close", syscall.Close(fd)) }

// Fstat calls fstat(2) and getpid(2), which are short calls: see Membarrier.
func (Kernel) Fstat(fd int) (File, error) {
	var st syscall.Stat_t
	if _, _, e := syscall.RawSyscall(syscall.SYS_FSTAT, uintptr(fd), uintptr(unsafe.Pointer(&st)), 0); e != 0 {
		return File{}, e
	}
	return File{Dev: st.Dev, Ino: st.Ino, Pid: syscall.Getpid()}, nil
}

// Pwrite writes all of b, a page at most, or fails. It is a short call: see Membarrier.
func (Kernel) Pwrite(fd int, b []byte, at int64) error {
	n, _, e := syscall.RawSyscall6(syscall.SYS_PWRITE64, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(b))), uintptr(len(b)), uintptr(at), 0, 0)
	switch {
	case e != 0:
		return e
	case n != uintptr(len(b)):
		return errors.New("short write")
	}
	return nil
}

// RemapPage replaces a page atomically; see the package comment.
func (Kernel) RemapPage(addr uintptr, page []byte) error {
	fresh, _, e := syscall.Syscall6(syscall.SYS_MMAP, 0, pageSize, syscall.PROT_READ|syscall.PROT_WRITE,
		syscall.MAP_PRIVATE|syscall.MAP_ANON, ^uintptr(0), 0)
	if e != 0 {
		return os.NewSyscallError("mmap", e)
	}
	copy(unsafe.Slice((*byte)(pointer(fresh)), pageSize), page)
	if _, _, e = syscall.Syscall(syscall.SYS_MPROTECT, fresh, pageSize, syscall.PROT_READ|syscall.PROT_EXEC); e == 0 {
		const mayMoveFixed = 1 | 2 // MREMAP_MAYMOVE | MREMAP_FIXED
		if _, _, e = syscall.Syscall6(syscall.SYS_MREMAP, fresh, pageSize, pageSize, mayMoveFixed, addr, 0); e == 0 {
			return nil
		}
	}
	syscall.Syscall(syscall.SYS_MUNMAP, fresh, pageSize, 0)
	return os.NewSyscallError("mprotect or mremap", e)
}
