package sitetab

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
)

// ErrVersion says that a table is of a version that this gkhi doesn't know.
var ErrVersion = errors.New("written by another version of gkhi")

var errDamaged = errors.New("the table of hook points is damaged")

// A decoder reads what the encoder wrote. After the first error it returns zeros.
type decoder struct {
	b   []byte
	at  int // an offset, since a slice that is cut is a pointer written, with the collector's barrier, for each number
	err error
}

// left is how many bytes are there to be read.
func (d *decoder) left() int { return len(d.b) - d.at }

// open checks what both kinds have: magic, sum and version.
func open(b []byte, magic string, version uint64) (*decoder, error) {
	if len(b) < len(magic)+5 || string(b[:len(magic)]) != magic {
		return nil, fmt.Errorf("%w: it does not begin as one", errDamaged)
	}
	body, sum := b[:len(b)-4], binary.LittleEndian.Uint32(b[len(b)-4:])
	if crc32.ChecksumIEEE(body) != sum {
		return nil, fmt.Errorf("%w: its checksum is wrong", errDamaged)
	}
	d := &decoder{b: body[len(magic):]}
	if v := d.uint(); v != version {
		return nil, fmt.Errorf("%w: version %d, known is %d", ErrVersion, v, version)
	}
	return d, nil
}

func (d *decoder) fail() {
	if d.err == nil {
		d.err = errDamaged
	}
	d.at = len(d.b)
}

func (d *decoder) uint() uint64 {
	if d.at < len(d.b) && d.b[d.at] < 0x80 { // most are short
		d.at++
		return uint64(d.b[d.at-1])
	}
	v, n := binary.Uvarint(d.b[d.at:])
	if n <= 0 {
		d.fail()
		return 0
	}
	d.at += n
	return v
}

func (d *decoder) int() int64 {
	v := d.uint()
	return int64(v>>1) ^ -int64(v&1) // as binary.Varint does
}

// small reads a number that fits an int on every platform, such as a line's.
func (d *decoder) small() int {
	v := d.uint()
	if v > 1<<31-1 {
		d.fail()
		return 0
	}
	return int(v)
}

// count reads the length of a list whose elements have at least size bytes each, so
// that memory is in proportion to what is there.
func (d *decoder) count(size int) int {
	n := d.uint()
	if n > uint64(d.left()/size) {
		d.fail()
		return 0
	}
	return int(n)
}

func (d *decoder) bytes(n int) []byte {
	if n > d.left() {
		d.fail()
		return make([]byte, min(n, 64))
	}
	d.at += n
	return d.b[d.at-n : d.at]
}

func (d *decoder) string() string { return string(d.bytes(d.count(1))) }

// kindRange reads a kind with what was added to it, at most most.
func (d *decoder) kindRange(most byte) (k Kind, ranged, more bool) {
	v := d.bytes(1)[0]
	if v > most {
		d.fail()
	}
	return Kind(v % inRange), v&inRange != 0, v&stored != 0
}

func (d *decoder) names() []string {
	list := make([]string, d.count(1))
	for i := range list {
		list[i] = d.string()
	}
	return list
}

// sharedNames reads what appendShared wrote.
func (d *decoder) sharedNames() []string {
	list := make([]string, d.count(2))
	last := ""
	for i := range list {
		n := int(d.bytes(1)[0])
		if n > len(last) {
			d.fail()
			break
		}
		last = last[:n] + d.string()
		list[i] = last
	}
	return list
}

// name reads a number and returns the name that it means.
func (d *decoder) name(list []string) string {
	n := d.uint()
	if n >= uint64(len(list)) {
		d.fail()
		return ""
	}
	return list[n]
}

// DecodePackage reads what [Package.Append] wrote. Errors are of b being damaged, or [ErrVersion].
func DecodePackage(b []byte) (*Package, error) {
	d, err := open(b, packageMagic, packageVersion)
	if err != nil {
		return nil, err
	}
	p := &Package{ImportPath: d.string(), Symbol: d.string()}
	files := d.names()
	p.Points = make([]Point, d.count(4))
	for i := range p.Points {
		q := &p.Points[i]
		q.Func = d.string()
		q.Kind, q.InRange, q.Stored = d.kindRange(2*stored - 1)
		q.File = d.name(files)
		q.Line = d.small()
		if q.Kind == Entry {
			q.Params, q.Results = d.source(), d.source()
		}
	}
	return p, d.end()
}

// source reads parameters as the source tells them.
func (d *decoder) source() []Param {
	ps := make([]Param, d.count(2))
	for i := range ps {
		ps[i].Name, ps[i].Type = d.string(), d.string()
	}
	return ps
}

// Decode reads what [Table.Append] wrote, but for what is known of arguments: see [Table.LoadArgs]. Errors are of b
// being damaged, or [ErrVersion].
func Decode(b []byte) (*Table, error) {
	d, err := open(b, tableMagic, tableVersion)
	if err != nil {
		return nil, err
	}
	t := &Table{Arch: d.string()}
	copy(t.ID[:], d.bytes(len(t.ID)))
	t.Anchor = d.uint()
	t.NoArgs = d.string()
	files, packages := d.sharedNames(), d.sharedNames()
	t.Funcs = make([]Func, d.count(6))
	var (
		texts  textArena
		points arena[FuncPoint]
		sites  arena[uint64]
	)
	last, at := "", uint64(0)
	for i := range t.Funcs {
		f := &t.Funcs[i]
		n := d.uint()
		if n > uint64(len(last)) {
			d.fail()
			break
		}
		f.Name = texts.join(last[:n], d.bytes(d.count(1)))
		if f.Name < last {
			d.fail()
			break
		}
		last = f.Name
		f.Package = d.name(packages)
		f.File = d.name(files)
		f.Line = d.small()
		f.Points = points.take(d.count(3), d.left()/3)
		line := int64(f.Line)
		for j := range f.Points {
			p := &f.Points[j]
			alone := false
			p.Kind, p.InRange, alone = d.kindRange(2*single - 1)
			line += d.int()
			p.Line = int(line)
			n := 1
			if !alone {
				p.Unpatched = d.small()
				n = d.count(1)
			}
			p.Sites = sites.take(n, max(1, d.left()))
			for k := range p.Sites {
				at += uint64(d.int())
				p.Sites[k] = at
			}
		}
		if d.err != nil {
			break
		}
	}
	if d.err != nil {
		return t, d.err
	}
	t.args = append([]byte(nil), d.b[d.at:]...)
	return t, nil
}

// end returns the first error, or one that there is something behind the end.
func (d *decoder) end() error {
	if d.err == nil && d.left() > 0 {
		d.fail()
	}
	return d.err
}
