package self

import (
	"encoding/binary"
	"errors"
	"io"
	"os"
	"sync"
)

// BuildID returns Go's build id of the running executable, as go tool buildid prints it; empty where it can't be read, such as in
// executables that are not ELF.
func BuildID() string {
	buildID.once.Do(func() { buildID.id = ownBuildID() })
	return buildID.id
}

var buildID struct {
	once sync.Once
	id   string
}

func ownBuildID() string {
	exe, err := os.Executable()
	if err != nil {
		return ""
	}
	if _, err := os.Stat("/proc/self/exe"); err == nil {
		exe = "/proc/self/exe" // the file that runs, also when it was replaced or removed since
	}
	f, err := os.Open(exe)
	if err != nil {
		return ""
	}
	defer f.Close()
	id, err := readBuildID(f)
	if err != nil {
		return ""
	}
	return id
}

var errNoBuildID = errors.New("no Go build id")

// Limits on what is read, since a file may be damaged.
const (
	maxProgs = 128
	maxNotes = 64 << 10
)

// order is that of the running executable.
var order = binary.NativeEndian

// readBuildID finds the note that the Go linker wrote, in an ELF file of this machine's byte order. It reads the program headers, since section headers
// may be stripped.
func readBuildID(r io.ReaderAt) (string, error) {
	var head [64]byte
	if _, err := r.ReadAt(head[:], 0); err != nil {
		return "", err
	}
	if string(head[:4]) != "\x7fELF" {
		return "", errNoBuildID
	}
	is64 := head[4] == 2
	var phoff uint64
	var entSize, count int
	if is64 {
		phoff = order.Uint64(head[32:])
		entSize, count = int(order.Uint16(head[54:])), int(order.Uint16(head[56:]))
	} else {
		phoff = uint64(order.Uint32(head[28:]))
		entSize, count = int(order.Uint16(head[42:])), int(order.Uint16(head[44:]))
	}
	least := 32
	if is64 {
		least = 56
	}
	if entSize < least || entSize > 256 || count > maxProgs || phoff > 1<<40 {
		return "", errNoBuildID
	}
	prog := make([]byte, entSize)
	for i := range count {
		if _, err := r.ReadAt(prog, int64(phoff)+int64(i*entSize)); err != nil {
			return "", err
		}
		const ptNote = 4
		if order.Uint32(prog) != ptNote {
			continue
		}
		var off, size uint64
		if is64 {
			off, size = order.Uint64(prog[8:]), order.Uint64(prog[32:])
		} else {
			off, size = uint64(order.Uint32(prog[4:])), uint64(order.Uint32(prog[16:]))
		}
		if size > maxNotes || off > 1<<40 {
			continue
		}
		notes := make([]byte, size)
		if _, err := r.ReadAt(notes, int64(off)); err != nil {
			return "", err
		}
		if id, ok := goNote(notes); ok {
			return id, nil
		}
	}
	return "", errNoBuildID
}

// goNote finds the Go build id among notes: name "Go", type 4.
func goNote(notes []byte) (string, bool) {
	for len(notes) >= 12 {
		nameSize, descSize, typ := uint64(order.Uint32(notes)), uint64(order.Uint32(notes[4:])), order.Uint32(notes[8:])
		notes = notes[12:]
		descStart := (nameSize + 3) &^ 3
		end := descStart + (descSize+3)&^3
		if descStart+descSize > uint64(len(notes)) {
			return "", false
		}
		if typ == 4 && string(notes[:nameSize]) == "Go\x00\x00" {
			return string(notes[descStart : descStart+descSize]), true
		}
		notes = notes[min(end, uint64(len(notes))):]
	}
	return "", false
}
