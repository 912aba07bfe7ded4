package sockdir

import (
	"fmt"
	"strconv"
	"strings"
)

// Name is what a socket's file name says.
type Name struct {
	PID   int
	Start uint64 // clock ticks since the machine's start; 0 unknown
	Copy  int
}

const suffix = ".sock"

// String returns the file name.
func (n Name) String() string {
	return fmt.Sprintf("%d-%d-%d%s", n.PID, n.Start, n.Copy, suffix)
}

// ParseName reads a file name as String writes it, and nothing else.
func ParseName(s string) (Name, bool) {
	parts := strings.Split(strings.TrimSuffix(s, suffix), "-")
	if len(parts) != 3 {
		return Name{}, false
	}
	var n Name
	var err1, err2, err3 error
	n.PID, err1 = strconv.Atoi(parts[0])
	n.Start, err2 = strconv.ParseUint(parts[1], 10, 64)
	n.Copy, err3 = strconv.Atoi(parts[2])
	ok := err1 == nil && err2 == nil && err3 == nil && n.PID > 0 && n.Copy >= 0 && n.String() == s
	if !ok {
		return Name{}, false
	}
	return n, true
}
