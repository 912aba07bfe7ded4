package draw

import "strings"

// Short is the full name of a function, or any other, without the path of its package but for the last element:
//
//	go.etcd.io/etcd/server/v3/etcdserver.(*EtcdServer).Put   etcdserver.(*EtcdServer).Put
//	github.com/nats-io/jwt/v2.(*Account).Validate            jwt/v2.(*Account).Validate
//
// An element that is a version says too little without the one before it.
func Short(name string) string {
	head, _, _ := strings.Cut(name, "[") // type arguments have slashes of their own
	last := strings.LastIndexByte(head, '/')
	if last < 0 || last == len(name)-1 {
		return name
	}
	if element, _, _ := strings.Cut(head[last+1:], "."); isVersion(element) {
		last = strings.LastIndexByte(head[:last], '/')
	}
	return name[last+1:]
}

// isVersion reports whether an element of a path is that of a major version: v2.
func isVersion(element string) bool {
	digits, ok := strings.CutPrefix(element, "v")
	return ok && digits != "" && strings.Trim(digits, "0123456789") == ""
}

// Names shortens names, all that it was told of, as long as they can be told apart: where two would become the same, both stay as
// they are. Nil shortens nothing. It is not safe for concurrent use.
type Names struct {
	full map[string]string // by short name; "" where there are several
}

// NewNames returns a Names that knows no name yet.
func NewNames() *Names { return &Names{full: map[string]string{}} }

// Add tells it of a name.
func (n *Names) Add(name string) {
	if n == nil {
		return
	}
	short := Short(name)
	if full, known := n.full[short]; known && full != name {
		n.full[short] = ""
		return
	}
	n.full[short] = name
}

// Of returns a name as it is to be shown, and adds it if it is new.
func (n *Names) Of(name string) string {
	if n == nil {
		return name
	}
	n.Add(name)
	if short := Short(name); n.full[short] == name {
		return short
	}
	return name
}
