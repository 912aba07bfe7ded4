package instrument

import (
	"slices"
	"strings"
)

// An exclusion keeps points out of packages.
type exclusion struct {
	paths []string // import paths; a final "/..." also takes all below
	why   string
}

var exclusions = []exclusion{
	{
		paths: []string{"runtime", "internal/runtime/...", "runtime/internal/..."},
		why:   "it runs on system stacks, in signal handlers and with the world stopped",
	},
	{
		paths: []string{
			"internal/abi", "internal/bytealg", "internal/byteorder", "internal/chacha8rand", "internal/coverage/rtcov",
			"internal/cpu", "internal/goarch", "internal/godebugs", "internal/goexperiment", "internal/goos",
			"internal/profilerecord", "internal/strconv", "internal/stringslite", "internal/trace/tracev2", "math/bits", "unsafe",
		},
		why: "the runtime stands on it",
	},
	{
		paths: []string{"runtime/cgo", "runtime/race/...", "internal/asan", "internal/msan", "internal/race", "runtime/asan", "runtime/msan"},
		why:   "it runs without a goroutine, or is called for every access to memory",
	},
	{
		paths: []string{"sync/atomic"},
		why:   "a point is a call of it",
	},
	{
		paths: []string{"syscall"},
		why:   "a part of it runs between fork and exec, in the parent's memory with signals blocked, where a trap kills",
	},
	{
		paths: []string{"crypto/internal/fips140/...", "crypto/internal/fips140only"},
		why:   "its machine code is hashed at start and must not be patched",
	},
	{
		paths: []string{"github.com/gkhi/gkhi", "github.com/gkhi/gkhi/internal/...", "github.com/gkhi/gkhi/autoserve", "gkhi/internal/..."},
		why:   "it is what records the points: they would record themselves",
	},
	{
		paths: []string{"C"},
		why:   "it is not Go",
	},
}

// Excluded reports why the package of an import path never gets points, and
// whether that is so.
func Excluded(path string) (reason string, excluded bool) {
	path, _, _ = strings.Cut(path, " ") // "p [p.test]", as the go command names variants
	for _, e := range exclusions {
		if slices.ContainsFunc(e.paths, func(p string) bool { return under(path, p) }) {
			return e.why, true
		}
	}
	return "", false
}

// under reports whether path is p, or below it where p ends in "/...".
func under(path, p string) bool {
	base, all := strings.CutSuffix(p, "/...")
	if path == base {
		return true
	}
	return all && strings.HasPrefix(path, base) && path[len(base)] == '/'
}

// deadDirectives are those that keep points out of a function.
var deadDirectives = map[string]string{
	"//go:nosplit":            "it is //go:nosplit: an armed point needs stack",
	"//go:systemstack":        "it runs on the system stack",
	"//go:nowritebarrier":     "it is //go:nowritebarrier",
	"//go:nowritebarrierrec":  "it is //go:nowritebarrierrec",
	"//go:cgo_unsafe_args":    "cgo made it",
	"//go:uintptrkeepalive":   "it is //go:uintptrkeepalive",
	"//go:yeswritebarrierrec": "it is //go:yeswritebarrierrec",
	"//go:wasmimport":         "it has no Go body",
}
