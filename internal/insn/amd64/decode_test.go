package amd64

import "testing"

func TestDecodeSmoke(t *testing.T) {
	i, err := Decode([]byte{0x80, 0x3d, 0xab, 0xd7, 0x0c, 0x00, 0x00, 0x74})
	if err != nil || i.Len != 7 || !i.RIPRel || i.Disp != 0xcd7ab || i.Writes != AllFlags {
		t.Fatal(i, err)
	}
}
