package cli

import (
	"slices"
	"testing"
)

func TestDisassemble(t *testing.T) {
	for _, tt := range []struct {
		platform string
		code     []byte
		want     []string
	}{
		{"linux/amd64", []byte{0x0f, 0x1f, 0x44, 0, 0, 0x66, 0x90, 0xeb, 8}, []string{
			"0x1000  0f 1f 44 00 00        NOPL 0(AX)(AX*1)",
			"0x1005  66 90                 NOPW",
			"0x1007  eb 08                 JMP 0x1011",
		}},
		{"linux/amd64", []byte{0xe8, 1, 0, 0, 0, 0x66, 0x90}, []string{
			"0x1000  e8 01 00 00 00        CALL 0x1006",
			"0x1005  66 90                 NOPW",
		}},
		{"linux/arm64", []byte{0x1f, 0x20, 0x03, 0xd5}, []string{"0x1000  1f 20 03 d5           NOOP"}},
		{"linux/amd64", []byte{0x0f}, []string{"0x1000  0f"}},         // cut short
		{"linux/riscv64", []byte{0x13, 0}, []string{"0x1000  13 00"}}, // not known
		{"linux/amd64", nil, nil},
	} {
		if got := disassemble(tt.platform, tt.code, 0x1000); !slices.Equal(got, tt.want) {
			t.Errorf("%s % x:\n%q, want\n%q", tt.platform, tt.code, got, tt.want)
		}
	}
}
