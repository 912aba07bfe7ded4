package funcs

import "runtime"

// anchor is a function whose address the site table has too: see sitetab.AnchorSymbol.
//
//go:noinline
func anchor() uintptr {
	pc, _, _, _ := runtime.Caller(0)
	return runtime.FuncForPC(pc).Entry()
}

// anchorPC returns the address that anchor is at.
func anchorPC() uintptr { return anchor() }
