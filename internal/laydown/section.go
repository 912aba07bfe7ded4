package laydown

import (
	"debug/elf"
	"encoding/binary"
	"errors"

	"github.com/gkhi/gkhi/internal/sitetab"
)

const sectionHeaderSize = 64

// addSection puts the table behind the end of the file, and new section headers and names behind it.
// The old ones stay where they are, and nothing points to them any more.
func (l *layer) addSection(t *sitetab.Table) ([]byte, error) {
	le := binary.LittleEndian
	b := l.data
	at := le.Uint64(b[0x28:])
	size, count, names := int(le.Uint16(b[0x3A:])), int(le.Uint16(b[0x3C:])), int(le.Uint16(b[0x3E:]))
	end := at + uint64(count)*sectionHeaderSize
	if size != sectionHeaderSize || count == 0 || names >= count || end < at || end > uint64(len(b)) || count+1 >= int(elf.SHN_LORESERVE) {
		return nil, errors.New("its section headers are not as they should be")
	}
	headers := append([]byte(nil), b[at:end]...)
	nameHeader := headers[names*sectionHeaderSize:][:sectionHeaderSize]
	text, err := l.file.Sections[names].Data()
	if err != nil {
		return nil, err
	}

	table := t.Append(nil)
	l.rep.TableSize = len(table)
	b = aligned(b, 8)
	header := make([]byte, sectionHeaderSize)
	le.PutUint32(header, uint32(len(text)))
	le.PutUint32(header[4:], uint32(elf.SHT_PROGBITS))
	le.PutUint64(header[24:], uint64(len(b)))
	le.PutUint64(header[32:], uint64(len(table)))
	le.PutUint64(header[48:], 1) // alignment
	b = append(b, table...)

	text = append(append(text[:len(text):len(text)], sitetab.SectionName...), 0)
	le.PutUint64(nameHeader[24:], uint64(len(b)))
	le.PutUint64(nameHeader[32:], uint64(len(text)))
	b = aligned(append(b, text...), 8)

	le.PutUint64(b[0x28:], uint64(len(b)))
	le.PutUint16(b[0x3C:], uint16(count+1))
	return append(append(b, headers...), header...), nil
}

func aligned(b []byte, n int) []byte {
	for len(b)%n != 0 {
		b = append(b, 0)
	}
	return b
}
