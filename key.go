package gkhi

// A key is what a site tests. It is embedded at offset 0 of every kind of hook
// and is not generic, so that Armed inlines to one compare of a byte at a fixed
// address and a branch: CMPB $0, key(SB); JEQ. That shape is what internal/scan
// looks for and internal/patch turns into no-ops, and TestSiteShape holds the
// compiler to it.
//
// The flag is always right. It is written with the registry locked, one byte
// at a time, and read without synchronisation: a reader that sees an old value
// takes the path it would have taken a moment ago, and Fire checks again.
type key struct {
	armed keyFlag
	_     [7]byte
}

// Armed reports whether a handler is armed. It is the site: call it in an if
// statement around the code that builds and fires the event. Safe for
// concurrent use.
func (k *key) Armed() bool { return k.armed.load() }
