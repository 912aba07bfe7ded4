package testenv

import (
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
	"sync"
)

// A Feature is something that a kernel, or the rights of this process, may
// lack, and the probe that tells. Declare it as a package-level variable and
// pass its [Feature.Needed] to [Need].
type Feature struct {
	// Name says what it is, as in "needs NAME": "uprobe_multi links".
	Name string

	// Since is the first Linux release in which every ordinary build of the
	// kernel has the feature, such as "6.6". When [Strict] holds, a kernel at
	// least that new must have it. Leave it empty for what a kernel may be
	// built or configured without.
	Since string

	// Probe tries the feature and returns nil where it works. An error that is
	// errors.ErrUnsupported says that the kernel lacks it, one that is
	// fs.ErrPermission that this process may not use it. Any error skips, but
	// with Strict another kind fails: the probe broke, no kernel said no.
	// A system call's error number is of the right kind as it is.
	Probe func() error

	once sync.Once
	err  error
}

// Needed is the requirement that the feature works. The probe runs once in a
// process, when a test first needs it.
func (f *Feature) Needed() Requirement {
	return Requirement{
		missing: func() string {
			if err := f.check(); err != nil {
				return fmt.Sprintf("needs %s: %v", f.Name, err)
			}
			return ""
		},
		demanded: func() bool { return f.fault(kernelRelease()) },
	}
}

// check returns the probe's answer.
func (f *Feature) check() error {
	f.once.Do(func() { f.err = f.Probe() })
	return f.err
}

// fault reports whether lacking the feature is a fault on a kernel of the given
// release.
func (f *Feature) fault(release string) bool {
	switch err := f.check(); {
	case err == nil, errors.Is(err, fs.ErrPermission):
		return false
	case errors.Is(err, errors.ErrUnsupported):
		return f.Since != "" && atLeast(release, f.Since)
	default:
		return true
	}
}

// atLeast reports whether the kernel release, such as "6.1.0-22-cloud-amd64",
// is at least want, such as "5.15". An unreadable release is not.
func atLeast(release, want string) bool {
	have, ok := majorMinor(release)
	if !ok {
		return false
	}
	need, ok := majorMinor(want)
	if !ok {
		panic(fmt.Sprintf("testenv: %q is not a kernel release such as \"6.6\"", want))
	}
	if have[0] != need[0] {
		return have[0] > need[0]
	}
	return have[1] >= need[1]
}

// majorMinor reads the first two numbers of a kernel release.
func majorMinor(release string) (v [2]int, ok bool) {
	rest := release
	for i := range v {
		end := strings.IndexFunc(rest, func(r rune) bool { return r < '0' || r > '9' })
		if end < 0 {
			end = len(rest)
		}
		n, err := strconv.Atoi(rest[:end])
		if err != nil {
			return v, false
		}
		v[i] = n
		rest = strings.TrimPrefix(rest[end:], ".")
	}
	return v, true
}
