package main

// The keys and functions of through_amd64.s. Each function goes through a bare site that
// loads into the register that it is named after.
var (
	keyAX  uint64
	keyBX  uint64
	keyCX  uint64
	keyDX  uint64
	keySI  uint64
	keyDI  uint64
	keyR8  uint64
	keyR9  uint64
	keyR10 uint64
	keyR11 uint64
	keyR12 uint64
	keyR13 uint64
	keyR15 uint64
	keyBP  uint64
)

func throughAX(in, out *file)
func throughBX(in, out *file)
func throughCX(in, out *file)
func throughDX(in, out *file)
func throughSI(in, out *file)
func throughDI(in, out *file)
func throughR8(in, out *file)
func throughR9(in, out *file)
func throughR10(in, out *file)
func throughR11(in, out *file)
func throughR12(in, out *file)
func throughR13(in, out *file)
func throughR15(in, out *file)
func throughBP(in, out *file)

var sites = []site{
	{"AX", 0, &keyAX, throughAX, 0},
	{"BX", 1, &keyBX, throughBX, 0},
	{"CX", 2, &keyCX, throughCX, 0},
	{"DX", 3, &keyDX, throughDX, 0},
	{"SI", 4, &keySI, throughSI, 0},
	{"DI", 5, &keyDI, throughDI, 0},
	{"R8", 6, &keyR8, throughR8, 0},
	{"R9", 7, &keyR9, throughR9, 0},
	{"R10", 8, &keyR10, throughR10, 0},
	{"R11", 9, &keyR11, throughR11, 0},
	{"R12", 10, &keyR12, throughR12, 0},
	{"R13", 11, &keyR13, throughR13, 0},
	{"R15", 12, &keyR15, throughR15, 0},
	{"BP", 13, &keyBP, throughBP, 0},
}
