package toolexec

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
)

// Package archives are in the format of ar(1): a line of magic, then members, each with
// a header of 60 bytes and padded to an even length. The Go linker passes over members
// whose names have an ending other than .o and .syso (cmd/link/internal/ld, loadobjfile).
const (
	archiveMagic = "!<arch>\n"
	headerSize   = 60
	headerEnd    = "`\n"
)

// appendMember adds a member to an archive.
func appendMember(archive, name string, data []byte) (err error) {
	f, err := os.OpenFile(archive, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer func() {
		if e := f.Close(); err == nil {
			err = e
		}
	}()
	magic := make([]byte, len(archiveMagic))
	if _, err := io.ReadFull(f, magic); err != nil || string(magic) != archiveMagic {
		return fmt.Errorf("%s is no package archive", archive)
	}
	end, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	if end%2 != 0 {
		b.WriteByte('\n')
	}
	fmt.Fprintf(&b, "%-16s%-12d%-6d%-6d%-8o%-10d%s", name, 0, 0, 0, 0o644, len(data), headerEnd)
	b.Write(data)
	if len(data)%2 != 0 {
		b.WriteByte('\n')
	}
	_, err = f.Write(b.Bytes())
	return err
}

// member returns a member of an archive, or nil if there is none of that name.
func member(archive, name string) ([]byte, error) {
	f, err := os.Open(archive)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	magic := make([]byte, len(archiveMagic))
	if _, err := io.ReadFull(f, magic); err != nil || string(magic) != archiveMagic {
		return nil, nil // a bare object: go tool compile without -pack
	}
	at := int64(len(archiveMagic))
	header := make([]byte, headerSize)
	for {
		if _, err := f.ReadAt(header, at); err == io.EOF {
			return nil, nil
		} else if err != nil {
			return nil, err
		}
		size, err := strconv.ParseInt(strings.TrimSpace(string(header[48:58])), 10, 64)
		if err != nil || size < 0 || string(header[58:]) != headerEnd {
			return nil, fmt.Errorf("%s: a member's header is damaged", archive)
		}
		at += headerSize
		if strings.TrimSpace(string(header[:16])) == name {
			data := make([]byte, size)
			if _, err := io.ReadFull(io.NewSectionReader(f, at, size), data); err != nil {
				return nil, fmt.Errorf("%s: read %s: %w", archive, name, err)
			}
			return data, nil
		}
		at += size + size%2
	}
}
