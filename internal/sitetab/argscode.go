package sitetab

import "encoding/binary"

// appendArgs appends what is known of arguments.
func (t *Table) appendArgs(b []byte) []byte {
	if t.args != nil { // as it was read
		return append(b, t.args...)
	}
	if t.Layouts == nil {
		return b
	}
	var words names
	var types, sigs numbers
	numbered := make([]uint64, len(t.Funcs))
	var buf []byte
	params := func(b []byte, list []Param) []byte {
		b = binary.AppendUvarint(b, uint64(len(list)))
		for _, p := range list {
			buf = binary.AppendUvarint(buf[:0], words.add(p.Type))
			buf = append(buf, byte(p.Kind))
			buf = binary.AppendUvarint(buf, uint64(p.Size))
			b = binary.AppendUvarint(b, words.add(p.Name))
			b = binary.AppendUvarint(b, types.add(buf))
		}
		return b
	}
	var sig []byte
	for i := range t.Funcs {
		if f := &t.Funcs[i]; f.Params != nil || f.Results != nil {
			sig = params(params(sig[:0], f.Params), f.Results)
			numbered[i] = sigs.add(sig) + 1
		}
	}
	b = words.append(b)
	b = types.append(b)
	b = sigs.append(b)
	b = binary.AppendUvarint(b, uint64(len(t.Layouts)))
	for i := range t.Layouts {
		l := &t.Layouts[i]
		b = binary.AppendVarint(b, int64(l.Frame))
		b = binary.AppendUvarint(b, uint64(len(l.Places)))
		for _, p := range l.Places {
			b = append(b, byte(p.Kind))
			if p.Kind != Unknown {
				b = binary.AppendVarint(b, p.N)
			}
		}
	}
	for i := range t.Funcs {
		b = binary.AppendUvarint(b, numbered[i])
		for j := range t.Funcs[i].Points {
			p := &t.Funcs[i].Points[j]
			for k := range p.Sites {
				n := uint32(0)
				if k < len(p.Layouts) {
					n = p.Layouts[k]
				}
				b = binary.AppendUvarint(b, uint64(n))
			}
		}
	}
	return b
}

// numbers are pieces of encoding that are written once and meant by number.
type numbers struct {
	list  [][]byte
	index map[string]uint64
}

func (n *numbers) add(b []byte) uint64 {
	if i, ok := n.index[string(b)]; ok {
		return i
	}
	if n.index == nil {
		n.index = map[string]uint64{}
	}
	i := uint64(len(n.list))
	s := string(b)
	n.index[s] = i
	n.list = append(n.list, []byte(s))
	return i
}

func (n *numbers) append(b []byte) []byte {
	b = binary.AppendUvarint(b, uint64(len(n.list)))
	for _, s := range n.list {
		b = append(b, s...)
	}
	return b
}

// LoadArgs sets what is known of arguments: Layouts, the functions' Params and Results and the points' Layouts.
// Decode leaves that out, since few ask for it and it takes memory. Calls after the first
// do nothing; it must not run at the same time as whatever reads those fields. An error is of damage; then no field is set.
func (t *Table) LoadArgs() error {
	if len(t.args) == 0 {
		return nil
	}
	d := &decoder{b: t.args}
	words := d.names()
	types := make([]Param, d.count(3))
	for i := range types {
		p := &types[i]
		p.Type = d.name(words)
		if p.Kind = ValueKind(d.bytes(1)[0]); p.Kind >= lastValueKind {
			d.fail()
		}
		p.Size = d.small()
	}
	sigs := d.signatures(words, types)
	layouts := d.layouts()
	numbers, used := make([]uint32, len(t.Funcs)), make([]uint32, 0, t.sites())
	for i := range t.Funcs {
		n := d.uint()
		if n > uint64(len(sigs)) {
			d.fail()
			break
		}
		numbers[i] = uint32(n)
		for range t.Funcs[i].sites() {
			n := d.uint()
			if n > uint64(len(layouts)) {
				d.fail()
			}
			used = append(used, uint32(n))
		}
		if d.err != nil {
			break
		}
	}
	if err := d.end(); err != nil {
		return err
	}
	t.args, t.Layouts = nil, layouts
	for i := range t.Funcs {
		f := &t.Funcs[i]
		if n := numbers[i]; n > 0 {
			f.Params, f.Results = sigs[n-1].params, sigs[n-1].results
		}
		for j := range f.Points {
			n := len(f.Points[j].Sites)
			f.Points[j].Layouts, used = used[:n:n], used[n:]
		}
	}
	return nil
}

type signature struct{ params, results []Param }

func (d *decoder) signatures(words []string, types []Param) []signature {
	list := make([]signature, d.count(2))
	params := func() []Param {
		ps := make([]Param, d.count(2))
		for i := range ps {
			name, n := d.name(words), d.uint()
			if n >= uint64(len(types)) {
				d.fail()
				break
			}
			ps[i] = types[n]
			ps[i].Name = name
		}
		return ps
	}
	for i := range list {
		list[i].params = params()
		list[i].results = params()
	}
	return list
}

func (d *decoder) layouts() []Layout {
	list := make([]Layout, d.count(2))
	for i := range list {
		l := &list[i]
		frame := d.int()
		if frame < NoFrame || frame > 1<<31-1 {
			d.fail()
			break
		}
		l.Frame = int(frame)
		l.Places = make([]Place, d.count(1))
		for j := range l.Places {
			p := &l.Places[j]
			if p.Kind = PlaceKind(d.bytes(1)[0]); p.Kind >= lastPlaceKind {
				d.fail()
			}
			if p.Kind != Unknown {
				p.N = d.int()
			}
		}
	}
	return list
}

// sites counts the sites of a function.
func (f *Func) sites() int {
	n := 0
	for i := range f.Points {
		n += len(f.Points[i].Sites)
	}
	return n
}

func (t *Table) sites() int {
	n := 0
	for i := range t.Funcs {
		n += t.Funcs[i].sites()
	}
	return n
}
