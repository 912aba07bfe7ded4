package sitetab

import (
	"encoding/binary"
	"hash/crc32"
	"slices"
)

const (
	packageVersion = 2
	tableVersion   = 3
	packageMagic   = "GKHp"
	tableMagic     = "GKHt"
	inRange        = 2 // added to a kind
	stored         = 4 // so is this, in packages
	single         = 4 // and this, in tables: one site, and no load that stays

	maxShared = 255 // bytes of a name that are written as a number
)

// Append appends the encoded package to b.
func (p *Package) Append(b []byte) []byte {
	start := len(b)
	b = append(b, packageMagic...)
	b = binary.AppendUvarint(b, packageVersion)
	b = appendString(b, p.ImportPath)
	b = appendString(b, p.Symbol)
	var files names
	for _, q := range p.Points {
		files.add(q.File)
	}
	b = files.append(b)
	b = binary.AppendUvarint(b, uint64(len(p.Points)))
	for _, q := range p.Points {
		b = appendString(b, q.Func)
		k := kindRange(q.Kind, q.InRange)
		if q.Stored {
			k += stored
		}
		b = append(b, k)
		b = binary.AppendUvarint(b, uint64(files.index[q.File]))
		b = binary.AppendUvarint(b, uint64(q.Line))
		if q.Kind == Entry {
			b = appendSource(appendSource(b, q.Params), q.Results)
		}
	}
	return appendSum(b, start)
}

// appendSource appends parameters as the source tells them.
func appendSource(b []byte, ps []Param) []byte {
	b = binary.AppendUvarint(b, uint64(len(ps)))
	for _, p := range ps {
		b = appendString(appendString(b, p.Name), p.Type)
	}
	return b
}

// Append appends the encoded table to b. Its functions must be sorted by name.
func (t *Table) Append(b []byte) []byte {
	start := len(b)
	b = append(b, tableMagic...)
	b = binary.AppendUvarint(b, tableVersion)
	b = appendString(b, t.Arch)
	b = append(b, t.ID[:]...)
	b = binary.AppendUvarint(b, t.Anchor)
	b = appendString(b, t.NoArgs)
	var files, packages names
	for i := range t.Funcs {
		files.add(t.Funcs[i].File)
		packages.add(t.Funcs[i].Package)
	}
	b = files.appendShared(b)
	b = packages.appendShared(b)
	b = binary.AppendUvarint(b, uint64(len(t.Funcs)))
	last, at := "", uint64(0)
	for i := range t.Funcs {
		f := &t.Funcs[i]
		n := shared(last, f.Name)
		last = f.Name
		b = binary.AppendUvarint(b, uint64(n))
		b = appendString(b, f.Name[n:])
		b = binary.AppendUvarint(b, uint64(packages.index[f.Package]))
		b = binary.AppendUvarint(b, uint64(files.index[f.File]))
		b = binary.AppendUvarint(b, uint64(f.Line))
		b = binary.AppendUvarint(b, uint64(len(f.Points)))
		line := f.Line
		for _, p := range f.Points {
			k := kindRange(p.Kind, p.InRange)
			alone := len(p.Sites) == 1 && p.Unpatched == 0
			if alone {
				k += single
			}
			b = append(b, k)
			b = binary.AppendVarint(b, int64(p.Line)-int64(line))
			line = p.Line
			if !alone {
				b = binary.AppendUvarint(b, uint64(p.Unpatched))
				b = binary.AppendUvarint(b, uint64(len(p.Sites)))
			}
			for _, addr := range p.Sites {
				b = binary.AppendVarint(b, int64(addr-at))
				at = addr
			}
		}
	}
	return appendSum(t.appendArgs(b), start)
}

func kindRange(k Kind, ranged bool) byte {
	if ranged {
		return byte(k) + inRange
	}
	return byte(k)
}

func appendString(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

func appendSum(b []byte, start int) []byte {
	return binary.LittleEndian.AppendUint32(b, crc32.ChecksumIEEE(b[start:]))
}

// shared returns how many bytes two strings have in common at their beginnings.
func shared(a, b string) int {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return n
}

// names are strings that are written once and meant by number.
type names struct {
	list  []string
	index map[string]int
}

func (n *names) add(s string) uint64 {
	if i, ok := n.index[s]; ok {
		return uint64(i)
	}
	if n.index == nil {
		n.index = map[string]int{}
	}
	n.index[s] = len(n.list)
	n.list = append(n.list, s)
	return uint64(len(n.list) - 1)
}

func (n *names) append(b []byte) []byte {
	b = binary.AppendUvarint(slices.Grow(b, 16*len(n.list)), uint64(len(n.list)))
	for _, s := range n.list {
		b = appendString(b, s)
	}
	return b
}

// appendShared is append for names that begin alike, such as those of files.
func (n *names) appendShared(b []byte) []byte {
	b = binary.AppendUvarint(b, uint64(len(n.list)))
	last := ""
	for _, s := range n.list {
		k := min(shared(last, s), maxShared)
		b = appendString(append(b, byte(k)), s[k:])
		last = s
	}
	return b
}
