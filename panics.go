package gkhi

import (
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"sync/atomic"
	"time"
)

// A PanicReport says how a handler failed.
type PanicReport struct {
	Hook, Handler string    // their names
	Value         any       // what it panicked with; ErrGoexit if it called runtime.Goexit
	Stack         []byte    // as runtime/debug.Stack prints it
	Time          time.Time // when it was caught
}

// ErrGoexit is the value of a PanicReport for a handler that ended its
// goroutine, by runtime.Goexit or t.FailNow. The goroutine is lost then.
var ErrGoexit = errors.New("handler called runtime.Goexit")

// String tells the report as it goes to standard error.
func (r *PanicReport) String() string {
	return fmt.Sprintf("gkhi: handler %s/%s panicked and is disarmed: %v\n%s", r.Hook, r.Handler, r.Value, r.Stack)
}

var panicSink atomic.Pointer[func(*PanicReport)]

// OnPanic sets who is told of a handler's panic, and returns who was told
// before. With nil, the default, a report goes to standard error. f is called on the
// goroutine that fired, after the handler was disarmed; what f panics with is
// not caught. Safe for concurrent use.
func OnPanic(f func(*PanicReport)) (old func(*PanicReport)) {
	var p *func(*PanicReport)
	if f != nil {
		p = &f
	}
	if o := panicSink.Swap(p); o != nil {
		old = *o
	}
	return old
}

// failed disarms and reports a handler that did not return; value is what
// recover gave. It reports whether the goroutine goes on. Else, also when the
// function of OnPanic panics, it releases sl.
func (h *Handler) failed(value any, sl *slot) (goesOn bool) {
	defer func() {
		if !goesOn {
			sl.release()
		}
	}()
	panicked := value != nil // a panic(nil) has a *runtime.PanicNilError
	if !panicked {
		value = ErrGoexit
	}
	r := &PanicReport{Hook: h.reg.name, Handler: h.name, Value: value, Stack: debug.Stack(), Time: time.Now()}
	h.panics.Add(1)
	h.last.Store(r)
	registry.mu.Lock()
	if !h.gone {
		disarm(h)
	}
	registry.mu.Unlock()
	h.detached(false)
	if f := panicSink.Load(); f != nil {
		(*f)(r)
	} else {
		fmt.Fprint(os.Stderr, r) // the stack ends the line
	}
	return panicked
}
