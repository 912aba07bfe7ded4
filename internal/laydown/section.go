package laydown

import (
	"bytes"
	"cmp"
	"debug/elf"
	"encoding/binary"
	"errors"
	"slices"
	"strings"
	"sync"

	"github.com/gkhi/gkhi/internal/sitetab"
)

const sectionHeaderSize = 64

// addSection makes the table a section. What a process doesn't load is written anew behind what it does: debug
// information in fewer bytes, the names of sections with one more, and the headers.
func (l *layer) addSection(t *sitetab.Table) ([]byte, error) {
	le := binary.LittleEndian
	b := l.data
	at, names := le.Uint64(b[0x28:]), int(le.Uint16(b[0x3E:]))
	size, count := int(le.Uint16(b[0x3A:])), int(le.Uint16(b[0x3C:]))
	end := at + uint64(count)*sectionHeaderSize
	if size != sectionHeaderSize || count == 0 || names >= count || end < at || end > uint64(len(b)) || count+1 >= int(elf.SHN_LORESERVE) {
		return nil, errors.New("its section headers are not as they should be")
	}
	headers := make([]elf.Section64, count)
	if _, err := binary.Decode(b[at:end], le, headers); err != nil {
		return nil, err
	}
	text, err := l.file.Sections[names].Data()
	if err != nil {
		return nil, err
	}
	table := t.Append(nil)
	l.rep.TableSize = len(table)
	headers = append(headers, elf.Section64{Name: uint32(len(text)), Type: uint32(elf.SHT_PROGBITS), Addralign: 1})
	text = append(append(text[:len(text):len(text)], sitetab.SectionName...), 0)

	loaded, loose := l.split(headers[:count])
	contents := l.contents(loose)
	l.dropSymbols(headers, contents)
	contents[count], contents[names] = table, text
	for _, i := range []int{names, count} {
		if !slices.Contains(loose, i) {
			loose = append(loose, i)
		}
	}
	out := slices.Clip(b[:loaded])
	for _, i := range loose {
		h := &headers[i]
		out = aligned(out, int(max(1, h.Addralign)))
		h.Off, h.Size = uint64(len(out)), uint64(len(contents[i]))
		out = append(out, contents[i]...)
	}
	out = aligned(out, 8)
	le.PutUint64(out[0x28:], uint64(len(out)))
	le.PutUint16(out[0x3C:], uint16(count+1))
	return binary.Append(out, le, headers)
}

// split tells where the part of the file ends that is loaded or can't be moved, and which sections are behind it, in their order.
func (l *layer) split(headers []elf.Section64) (loaded uint64, loose []int) {
	for _, p := range l.file.Progs {
		loaded = max(loaded, p.Off+p.Filesz)
	}
	var order []int
	for i, h := range headers {
		switch elf.SectionType(h.Type) {
		case elf.SHT_NULL, elf.SHT_NOBITS:
		default:
			if h.Off <= uint64(len(l.data)) && h.Size <= uint64(len(l.data))-h.Off {
				order = append(order, i)
			}
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(headers[a].Off, headers[b].Off) })
	for _, i := range order {
		if h := &headers[i]; h.Off < loaded || h.Flags&uint64(elf.SHF_ALLOC) != 0 {
			loaded = max(loaded, h.Off+h.Size)
		}
	}
	loaded = min(loaded, uint64(len(l.data)))
	return loaded, slices.DeleteFunc(order, func(i int) bool { return headers[i].Off < loaded })
}

// contents returns what the file has in sections, by their number, debug information in as few bytes as it takes.
func (l *layer) contents(sections []int) map[int][]byte {
	out := make([][]byte, len(sections))
	var wg sync.WaitGroup
	for n, i := range sections {
		s := l.file.Sections[i]
		out[n] = l.data[s.Offset:][:s.FileSize]
		if strings.HasPrefix(s.Name, ".debug_") && s.Flags&elf.SHF_COMPRESSED != 0 {
			var edit func([]byte)
			if s.Name == ".debug_line" && len(l.opt.Nameless) > 0 {
				edit = func(lines []byte) { silence(lines, l.lineTables()) }
			}
			wg.Go(func() { out[n] = denser(out[n], edit) })
		}
	}
	wg.Wait()
	contents := map[int][]byte{}
	for n, i := range sections {
		contents[i] = out[n]
	}
	return contents
}

func aligned(b []byte, n int) []byte {
	return append(b, bytes.Repeat([]byte{0}, (n-len(b)%n)%n)...)
}
