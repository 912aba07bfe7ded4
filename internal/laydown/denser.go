package laydown

import (
	"bytes"
	"compress/zlib"
	"debug/elf"
	"encoding/binary"
	"io"
)

// maxDenser is the most debug information of one kind that is compressed anew, in bytes; it takes a second for 50 MB. In a
// program that has more the runtime part is some thousandths.
const maxDenser = 32 << 20

// chdrSize is the size of the header of a compressed section.
const chdrSize = 24

// denser compresses a compressed section as well as zlib does by default: the linker uses the level that is fastest, which
// makes a tenth more. edit, if there is one, may change what is in it. A section that can't be read stays as it is.
func denser(section []byte, edit func(text []byte)) []byte {
	var h elf.Chdr64
	if _, err := binary.Decode(section, binary.LittleEndian, &h); err != nil || h.Type != uint32(elf.COMPRESS_ZLIB) || h.Size > maxDenser {
		return section
	}
	r, err := zlib.NewReader(bytes.NewReader(section[chdrSize:]))
	if err != nil {
		return section
	}
	text, err := io.ReadAll(io.LimitReader(r, int64(h.Size)+1))
	if err != nil || uint64(len(text)) != h.Size {
		return section
	}
	if edit != nil {
		edit(text)
	}
	out := bytes.NewBuffer(bytes.Clone(section[:chdrSize]))
	w := zlib.NewWriter(out)
	_, err = w.Write(text)
	if w.Close() != nil || err != nil || out.Len() >= len(section) {
		return section
	}
	return out.Bytes()
}
