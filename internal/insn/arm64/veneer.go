package arm64

import "encoding/binary"

// VeneerLen is the length of a veneer in bytes: a cache line.
const VeneerLen = 64

// VeneerFrame is how many bytes of stack a veneer uses, and VeneerSpared the
// highest of them, which it leaves alone: Go keeps the frame pointer of a function's
// caller in the word below the function's own frame.
const (
	VeneerFrame  = 80
	VeneerSpared = 16
)

// veneerBack is where in a veneer the branch back is.
const veneerBack = 28

// Veneer returns the code, for address at, that a site branches to in order to
// call a function and lose no register, not even the link register, and no flag:
//
//	STP  X16, X17, [SP, #-80]!
//	STR  X30, [SP, #16]
//	LDR  X16, call
//	LDR  X17, site
//	BLR  X16
//	LDR  X30, [SP, #16]
//	LDP  X16, X17, [SP], #80
//	B    site + 4
//	call, site: their addresses
//
// The function gets the site's address in X17. It must keep what it uses besides
// X16, X17 and X30, for which it has the stack at SP+24 to SP+64. Errors are those of
// [EncodeB], for the way there and the way back.
func Veneer(at, site, call uint64) ([]byte, error) {
	if _, err := EncodeB(site, at); err != nil {
		return nil, err
	}
	back, err := EncodeB(at+veneerBack, site+WordLen)
	if err != nil {
		return nil, err
	}
	const (
		sp, x16, x17, x30 = 31 << 5, 16, 17, 30
		data              = veneerBack + WordLen
		scale             = 8
	)
	code := [...]uint32{
		0xA9800000 | (1<<7-VeneerFrame/scale)<<15 | x17<<10 | sp | x16, // STP, pre-index
		0xF9000000 | 16/scale<<10 | sp | x30,                           // STR
		0x58000000 | (data-8)/WordLen<<5 | x16,                         // LDR, literal
		0x58000000 | (data+8-12)/WordLen<<5 | x17,
		0xD63F0000 | x16<<5,                                     // BLR
		0xF9400000 | 16/scale<<10 | sp | x30,                    // LDR
		0xA8C00000 | VeneerFrame/scale<<15 | x17<<10 | sp | x16, // LDP, post-index
		back,
	}
	b := make([]byte, 0, VeneerLen)
	for _, w := range code {
		b = binary.LittleEndian.AppendUint32(b, w)
	}
	b = binary.LittleEndian.AppendUint64(b, call)
	b = binary.LittleEndian.AppendUint64(b, site)
	return b[:VeneerLen], nil
}
