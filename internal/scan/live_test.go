//go:build amd64 || arm64

package scan_test

import (
	"reflect"
	"runtime"
	"sync/atomic"
	"testing"
	"unsafe"

	"github.com/gkhi/gkhi/internal/scan"
	"github.com/gkhi/gkhi/internal/testenv"
)

type liveKey struct {
	armed bool
	_     [7]byte
}

func (k *liveKey) Armed() bool { return k.armed }

var (
	liveFlag  liveKey
	liveWord  uint64
	liveCalls int
)

//go:noinline
func liveBody() { liveCalls++ }

//go:noinline
func liveFunc() {
	if liveFlag.Armed() {
		liveBody()
	}
	atomic.LoadUint64(&liveWord)
}

// TestLive scans the text of the running program, with the functions that the
// runtime knows.
func TestLive(t *testing.T) {
	testenv.Need(t, testenv.NoRace)
	entry := reflect.ValueOf(liveFunc).Pointer()
	name := runtime.FuncForPC(entry).Name()
	_, end, ok := scan.Runtime().Bounds(entry)
	start := entry - 0x8008 // in the middle of another function
	if !ok || runtime.FuncForPC(start) == nil {
		t.Fatalf("no functions around %s", name)
	}
	text := scan.Segment{Addr: start, Bytes: unsafe.Slice((*byte)(unsafe.Add(nil, start)), end-start)}
	res := scan.Scan(&scan.Input{
		Keys: []scan.Key{
			{Addr: uintptr(unsafe.Pointer(&liveFlag)), Size: 8},
			{Addr: uintptr(unsafe.Pointer(&liveWord)), Size: 8, Bare: true},
		},
		Text:  []scan.Segment{text},
		Funcs: scan.Runtime(),
	})
	var forms []scan.Form
	for _, s := range res.Sites {
		if s.Func != entry {
			t.Errorf("a site in %s: %+v", runtime.FuncForPC(s.Ref).Name(), s)
			continue
		}
		forms = append(forms, s.Form)
	}
	guarded := scan.Guarded
	if runtime.GOARCH == "arm64" {
		guarded = scan.GuardedBranch
	}
	if !reflect.DeepEqual(forms, []scan.Form{guarded, scan.Bare}) {
		t.Errorf("%s holds %v, rejects %+v", name, forms, res.Rejects)
	}
}
