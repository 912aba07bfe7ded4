package sitetab

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"reflect"
	"testing"
)

func somePackage() *Package {
	return &Package{
		ImportPath: "example.com/p", Symbol: "example.com/p.gkhi_words",
		Points: []Point{
			{Func: "example.com/p.F", File: "/a/f.go", Line: 3, Params: []Param{{Name: "x", Type: "[]int"}}, Results: []Param{{Type: "error"}}},
			{Func: "example.com/p.F", Kind: Return, File: "/a/f.go", Line: 9, InRange: true, Stored: true},
			{Func: "example.com/p.(*T).M", Kind: Return, File: "/a/g.go", Line: 1 << 20},
		},
	}
}

func someTable(funcs int) *Table {
	t := &Table{Arch: "amd64", ID: [16]byte{1, 2, 15: 9}, Anchor: 0x401000}
	at := uint64(0x401000)
	for i := range funcs {
		f := Func{
			Name: fmt.Sprintf("example.com/long/path/pkg%02d.Function%06d", i*64/funcs, i), Package: fmt.Sprintf("example.com/long/path/pkg%02d", i*64/funcs),
			File: fmt.Sprintf("/home/somebody/src/pkg%02d/file%d.go", i*64/funcs, i%7), Line: 10 * (i % 300),
		}
		for k := range 1 + i%3 {
			at += uint64(30 + i%50)
			p := FuncPoint{Kind: Kind(min(k, 1)), Line: f.Line + 5*k, InRange: k == 2, Sites: []uint64{at}}
			if i%10 == 0 {
				p.Sites = append(p.Sites, at+0x10000)
				p.Unpatched = 1
			}
			if i%17 == 0 {
				p.Sites = []uint64{}
			}
			f.Points = append(f.Points, p)
		}
		t.Funcs = append(t.Funcs, f)
	}
	return t
}

func TestPackage(t *testing.T) {
	for _, p := range []*Package{somePackage(), {Points: []Point{}}} {
		got, err := DecodePackage(p.Append([]byte("before"))[len("before"):])
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(got, p) {
			t.Errorf("read %+v, written was %+v", got, p)
		}
	}
}

func TestTable(t *testing.T) {
	for _, n := range []int{0, 1, 1000} {
		want := someTable(max(n, 1))
		want.Funcs = append([]Func{}, want.Funcs[:n]...)
		got, err := Decode(want.Append(nil))
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%d functions: what is read differs from what was written", n)
		}
	}
}

// TestSize holds the table small: it travels in every program.
func TestSize(t *testing.T) {
	const funcs = 20_000
	b := someTable(funcs).Append(nil)
	if per := float64(len(b)) / funcs; per > 30 {
		t.Errorf("%.1f bytes a function, want at most 30", per)
	}
}

func TestDamaged(t *testing.T) {
	good := someTable(50).Append(nil)
	for i := range good {
		bad := bytes.Clone(good)
		bad[i] ^= 0x55
		if _, err := Decode(bad); err == nil {
			t.Fatalf("byte %d of %d was changed, and nobody noticed", i, len(good))
		}
		if _, err := Decode(good[:i]); err == nil {
			t.Fatalf("%d bytes of %d are enough", i, len(good))
		}
	}
	newer := bytes.Clone(good)
	newer[len(tableMagic)] = tableVersion + 1
	if _, err := Decode(sum(newer)); !errors.Is(err, ErrVersion) {
		t.Errorf("another version: error %v", err)
	}
}

// sum puts the right checksum under b.
func sum(b []byte) []byte {
	binary.LittleEndian.PutUint32(b[len(b)-4:], crc32.ChecksumIEEE(b[:len(b)-4]))
	return b
}

// anELF makes the smallest file that Read finds a section in.
func anELF(name string, data []byte) []byte {
	names := append([]byte{0}, name+"\x00.shstrtab\x00"...)
	le := binary.LittleEndian
	b := make([]byte, headerSize)
	copy(b, "\x7fELF\x02\x01\x01")
	dataAt := len(b)
	b = append(b, data...)
	namesAt := len(b)
	b = append(b, names...)
	le.PutUint64(b[0x28:], uint64(len(b)))
	le.PutUint16(b[0x3A:], sectionSize)
	le.PutUint16(b[0x3C:], 3)
	le.PutUint16(b[0x3E:], 2)
	for _, s := range [][3]int{{0, 0, 0}, {1, dataAt, len(data)}, {1, namesAt, len(names)}} {
		h := make([]byte, sectionSize)
		le.PutUint32(h, uint32(s[0]))
		le.PutUint32(h[4:], 1)
		le.PutUint64(h[24:], uint64(s[1]))
		le.PutUint64(h[32:], uint64(s[2]))
		b = append(b, h...)
	}
	return b
}

func TestRead(t *testing.T) {
	want := someTable(3)
	file := anELF(SectionName, want.Append(nil))
	got, err := Read(bytes.NewReader(file))
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("read %+v, %v", got, err)
	}
	for name, b := range map[string][]byte{"empty": nil, "a script": []byte("#!/bin/sh\n"), "no section": anELF(".other", nil), "header": file[:headerSize-1]} {
		if _, err := Read(bytes.NewReader(b)); !errors.Is(err, ErrNone) {
			t.Errorf("%s: error %v, want ErrNone", name, err)
		}
	}
	for n := headerSize; n < len(file); n++ {
		if _, err := Read(bytes.NewReader(file[:n])); err == nil {
			t.Errorf("%d bytes of %d are enough", n, len(file))
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add(anELF(SectionName, someTable(2).Append(nil)))
	f.Fuzz(func(t *testing.T, b []byte) {
		Read(bytes.NewReader(b)) //nolint:errcheck // it must return
	})
}

// FuzzDecode puts a right checksum under what it is given, or nothing would get further.
func FuzzDecode(f *testing.F) {
	f.Add(someTable(20).Append(nil))
	f.Add(withArgs(someTable(20)).Append(nil))
	f.Add(somePackage().Append(nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) < 8 {
			return
		}
		b = sum(bytes.Clone(b))
		if tab, err := Decode(b); err == nil {
			again, err := Decode(tab.Append(nil))
			if err != nil || !reflect.DeepEqual(tab, again) {
				t.Errorf("written again it is another: %v", err)
			}
			if tab.LoadArgs() == nil {
				again, err := Decode(tab.Append(nil))
				if err == nil {
					err = again.LoadArgs()
				}
				if err != nil || !reflect.DeepEqual(tab, again) {
					t.Errorf("with arguments, written again it is another: %v", err)
				}
			}
		}
		if p, err := DecodePackage(b); err == nil {
			again, err := DecodePackage(p.Append(nil))
			if err != nil || !reflect.DeepEqual(p, again) {
				t.Errorf("written again it is another: %v", err)
			}
		}
	})
}

func BenchmarkDecode(b *testing.B) {
	data := someTable(20_000).Append(nil)
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Decode(data); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkLoadArgs(b *testing.B) {
	data := withArgs(someTable(20_000)).Append(nil)
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		t, err := Decode(data)
		if err == nil {
			err = t.LoadArgs()
		}
		if err != nil {
			b.Fatal(err)
		}
	}
}
