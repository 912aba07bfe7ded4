package client

import (
	"bytes"
	"debug/buildinfo"
	"debug/elf"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime/debug"
	"strconv"
	"strings"

	"github.com/gkhi/gkhi/internal/control/self"
	"github.com/gkhi/gkhi/internal/sitetab"
)

// whyNot explains why a process can't be talked to. One that ends while its executable is read has no socket for that reason
// and no other, so it is looked at again.
func whyNot(pid int) error {
	err := whyNoSocket(pid)
	if ended := hasEnded(pid); ended != nil {
		return ended
	}
	return err
}

// hasEnded says that a process has ended; it returns nil for one that runs.
func hasEnded(pid int) error {
	fail := func(why string) error { return &TargetError{Target: fmt.Sprint(pid), Err: ErrNoProcess, Why: why} }
	st, err := readStatus(pid)
	switch {
	case err != nil:
		return fail("it has just ended")
	case st.zombie:
		return fail("it has ended, and its parent has not waited for it")
	}
	// A process that ends gives up its memory first, and with that its executable. Kernel threads never had one.
	if _, err := os.Readlink(procDir(pid, "exe")); errors.Is(err, fs.ErrNotExist) {
		if stat, err := os.ReadFile(procDir(pid, "stat")); err != nil || !kernelThread(string(stat)) {
			return fail("it has just ended")
		}
	}
	return nil
}

// kernelThread reads the flags in /proc/PID/stat: the seventh word behind the name, which is in parentheses and may have any
// character in it.
func kernelThread(stat string) bool {
	const pfKthread = 0x200000 // PF_KTHREAD
	words := strings.Fields(stat[strings.LastIndexByte(stat, ')')+1:])
	if len(words) < 7 {
		return false
	}
	flags, err := strconv.ParseUint(words[6], 10, 64)
	return err == nil && flags&pfKthread != 0
}

// whyNoSocket explains, from its executable, why a process that runs has no socket.
func whyNoSocket(pid int) error {
	fail := func(err error, why, hint string) error {
		return &TargetError{Target: fmt.Sprint(pid), Err: err, Why: why, Hint: hint}
	}
	st, err := readStatus(pid)
	if err != nil {
		return fail(ErrNoProcess, "it has just ended", "")
	}
	if uid := os.Geteuid(); uid != 0 && uid != st.uid {
		return otherUser(pid, st.uid)
	}
	exe := procDir(pid, "exe")
	f, err := os.Open(exe)
	switch {
	case errors.Is(err, fs.ErrPermission):
		if os.Geteuid() == 0 {
			return fail(ErrPermission, "its executable and its sockets are closed even to root here, as in a container without CAP_SYS_PTRACE", "run gkhi where the process was started")
		}
		return fail(ErrPermission, "its executable and its sockets are closed to you, perhaps since it gained or dropped privileges", "run gkhi as root")
	case errors.Is(err, fs.ErrNotExist):
		return fail(ErrNotHooked, "it is a kernel thread", "")
	case err != nil:
		return fail(ErrNotHooked, err.Error(), "")
	}
	defer f.Close()
	info, err := buildinfo.Read(f)
	if err != nil {
		return fail(ErrNotHooked, "it is no Go program, or one without build information", "build it with the library, see docs/hooks.md")
	}
	uses, version := usesModule(info)
	has := "gkhi " + version
	if !uses {
		if _, err := sitetab.Read(f); err != nil {
			return fail(ErrNotHooked, fmt.Sprintf("it is a Go program (%s) without %s", info.Path, self.Module), serveHint)
		}
		has = "the points of gkhi build" // its module knows nothing of them
	}
	if offInEnviron(pid) {
		return fail(ErrNotHooked, "it has "+has+", but was started with GKHI_SERVE=off", "")
	}
	if linked, known := links(f, self.Module+".Serve"); known && !linked {
		return fail(ErrNotHooked, "it has "+has+", but nothing in it calls gkhi.Serve", serveHint)
	}
	return fail(ErrNotHooked, "it has "+has+", but does not serve: it has not called gkhi.Serve yet, has stopped, or Serve failed", "")
}

// mainOf reads from a process's executable which main package it was built from, as programs of gkhi build leave that to the
// client. It is empty where that can't be read.
func mainOf(p Process) string {
	if p.PID == 0 {
		return ""
	}
	info, err := buildinfo.ReadFile(procDir(p.PID, "exe"))
	if err != nil {
		return ""
	}
	return info.Path
}

// usesModule reports whether a program may have the library in it.
func usesModule(info *debug.BuildInfo) (uses bool, version string) {
	if info.Main.Path == self.Module {
		return true, info.Main.Version
	}
	for _, m := range info.Deps {
		if m.Path == self.Module {
			if m.Replace != nil {
				m = m.Replace
			}
			return true, m.Version
		}
	}
	return false, ""
}

// maxNames bounds how much of a program's table of function names is read, in bytes.
const maxNames = 512 << 20

// links reports whether an ELF file has a Go function in it. known is false where that can't be told. The names of functions are in the
// section .gopclntab, each with a zero byte behind it, also in files without a symbol table.
func links(f *os.File, function string) (linked, known bool) {
	ef, err := elf.NewFile(f)
	if err != nil {
		return false, false
	}
	sec := ef.Section(".gopclntab")
	if sec == nil {
		sec = ef.Section(".data.rel.ro.gopclntab") // position-independent executables
	}
	if sec == nil || sec.Size > maxNames {
		return false, false
	}
	data, err := sec.Data()
	if err != nil {
		return false, false
	}
	return bytes.Contains(data, []byte(function+"\x00")), true
}

// offInEnviron reports whether the process was started with serving switched off.
func offInEnviron(pid int) bool {
	env, err := os.ReadFile(procDir(pid, "environ"))
	if err != nil {
		return false
	}
	for _, kv := range bytes.Split(env, []byte{0}) {
		if string(kv) == "GKHI_SERVE=off" {
			return true
		}
	}
	return false
}
