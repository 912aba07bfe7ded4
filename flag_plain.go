//go:build !race

package gkhi

// keyFlag is one byte at offset 0 of a key: what the site compares.
type keyFlag struct{ b bool }

func (f *keyFlag) load() bool   { return f.b }
func (f *keyFlag) store(v bool) { f.b = v }
