package cli

import (
	"fmt"
	"strings"

	"golang.org/x/arch/arm64/arm64asm"
	"golang.org/x/arch/x86/x86asm"
)

// disassemble writes the machine code of a site, an instruction a line: its
// address, its bytes, and Go's assembly where the CPU is known.
func disassemble(platform string, code []byte, pc uint64) (lines []string) {
	_, arch, _ := strings.Cut(platform, "/")
	for len(code) > 0 {
		n, text := instruction(arch, code, pc)
		lines = append(lines, strings.TrimRight(fmt.Sprintf("%#x  %-20s  %s", pc, fmt.Sprintf("% x", code[:n]), text), " "))
		code, pc = code[n:], pc+uint64(n)
	}
	return lines
}

// instruction returns the length and the text of the first instruction of code,
// or all of it and no text.
func instruction(arch string, code []byte, pc uint64) (n int, text string) {
	switch arch {
	case "amd64":
		if in, err := x86asm.Decode(code, 64); err == nil && in.Op != 0 {
			return in.Len, x86asm.GoSyntax(in, pc, nil)
		}
	case "arm64":
		if in, err := arm64asm.Decode(code); err == nil {
			return 4, arm64asm.GoSyntax(in, pc, nil, nil)
		}
	}
	return len(code), ""
}
