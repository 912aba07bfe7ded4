//go:build amd64 || arm64

package patch

import (
	"bufio"
	"bytes"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"github.com/gkhi/gkhi/internal/scan"
	"github.com/gkhi/gkhi/internal/textmem"
)

// kernel is the real System.
type kernel struct{ textmem.Kernel }

// Tracer reads TracerPid of /proc/self/status; a system without it has no
// tracers that can be seen.
func (kernel) Tracer() int {
	b, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	_, rest, _ := bytes.Cut(b, []byte("\nTracerPid:\t"))
	line, _, _ := bytes.Cut(rest, []byte("\n"))
	pid, _ := strconv.Atoi(string(line))
	return pid
}

// Text lists the Go code in executable mappings: the program and its
// plugins, or the shared library that this code is in. Neighbours are one: pages that
// were remapped stand between pages of the file.
func (kernel) Text() ([]scan.Segment, error) {
	var text []mapping
	err := eachMapping(func(m mapping) {
		if m.perms != "r-xp" {
			return
		}
		if n := len(text); n > 0 && text[n-1].to == m.from {
			text[n-1].to = m.to
		} else {
			text = append(text, m)
		}
	})
	var segs []scan.Segment
	for _, m := range text {
		if lo, hi := goPart(m.from, m.to, isGo); lo < hi {
			segs = append(segs, scan.Segment{Addr: lo, Bytes: textmem.Bytes(lo, int(hi-lo))})
		}
	}
	return segs, err
}

// GOT lists the memory that may hold global offset tables: only plugins refer
// to keys through them, so it is empty in a program of one module.
func (k kernel) GOT() ([]scan.Segment, error) {
	var paths []string
	err := eachMapping(func(m mapping) {
		if m.perms != "r-xp" || m.path == "" || slices.Contains(paths, m.path) {
			return
		}
		if lo, hi := goPart(m.from, m.to, isGo); lo < hi {
			paths = append(paths, m.path)
		}
	})
	if err != nil || len(paths) < 2 {
		return nil, err
	}
	var segs []scan.Segment
	err = eachMapping(func(m mapping) {
		if slices.Contains(paths, m.path) && (m.perms == "r--p" || m.perms == "rw-p") {
			segs = append(segs, scan.Segment{Addr: m.from, Bytes: textmem.Bytes(m.from, int(m.to-m.from))})
		}
	})
	return segs, err
}

// goPart returns the part of a mapping that Go code is in, give or take a page: C code may be in front of it and
// behind, and be a hundred times as much. There is none if lo is hi.
func goPart(from, to uintptr, isGo func(pc uintptr) bool) (lo, hi uintptr) {
	const page = 4096
	for lo = from; !isGo(lo); lo += page {
		if to-lo <= page {
			return to, to
		}
	}
	for hi = from + (to-from-1)/page*page; !isGo(hi); hi -= page {
	}
	return max(lo, from+page) - page, min(hi+page, to) // what is before the first page that begins with Go code may end with it
}

func isGo(pc uintptr) bool { return runtime.FuncForPC(pc) != nil }

// A mapping is a line of /proc/self/maps.
type mapping struct {
	from, to uintptr
	perms    string
	path     string // of the file; empty or in brackets for other memory
}

func eachMapping(f func(mapping)) error {
	file, err := os.Open("/proc/self/maps")
	if err != nil {
		return err
	}
	defer file.Close()
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		if m, ok := parseMapping(lines.Text()); ok {
			f(m)
		}
	}
	return lines.Err()
}

// parseMapping reads "from-to perms offset dev inode  path".
func parseMapping(line string) (m mapping, ok bool) {
	var f [5]string
	for i := range f {
		f[i], line, _ = strings.Cut(line, " ")
		if f[i] == "" {
			return m, false
		}
	}
	a, b, _ := strings.Cut(f[0], "-")
	from, err1 := strconv.ParseUint(a, 16, 64)
	to, err2 := strconv.ParseUint(b, 16, 64)
	if err1 != nil || err2 != nil || to <= from {
		return m, false
	}
	for len(line) > 0 && line[0] == ' ' { // not TrimLeft, which brings more than it is worth
		line = line[1:]
	}
	return mapping{from: uintptr(from), to: uintptr(to), perms: f[1], path: line}, true
}
