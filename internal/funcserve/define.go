package funcserve

import (
	"encoding/binary"
	"fmt"
	"runtime"

	"github.com/gkhi/gkhi/internal/event"
	"github.com/gkhi/gkhi/internal/funcs"
	"github.com/gkhi/gkhi/internal/sitetab"
)

// define writes down the functions of a session and their sites.
func (r *Recording) define(s *funcs.Session, values bool) {
	fs := make([]event.Func, len(s.Funcs()))
	for i, n := range s.Funcs() {
		f := funcs.Get(n)
		fs[i] = event.Func{Name: f.Name, Package: f.Package, File: f.File, Line: f.Line}
		if values {
			// An error is of a table that can't be read, and then no site has words.
			args, _ := funcs.ArgumentsOf(n)
			fs[i].Params, fs[i].Results = eventParams(args.Params), eventParams(args.Results)
		}
	}
	r.enc.Funcs(fs)
	sites := make([]event.Site, len(s.Sites()))
	for i, at := range s.Sites() {
		sites[i] = event.Site{Func: at.Func, Return: at.Return, InRange: at.InRange, Line: at.Line}
		if values {
			for _, w := range at.Words {
				sites[i].Words = append(sites[i].Words, event.Word{Param: w.Param, Part: w.Part})
			}
		}
	}
	r.enc.Sites(sites)
}

func eventParams(ps []sitetab.Param) []event.Param {
	out := make([]event.Param, len(ps))
	for i, p := range ps {
		out[i] = event.Param{Name: p.Name, Type: p.Type, Kind: eventKind(p)}
	}
	return out
}

// eventKind says how a value is shown.
func eventKind(p sitetab.Param) event.ParamKind {
	sized := func(of1, of2, of4, of8 event.ParamKind) event.ParamKind {
		switch p.Size {
		case 1:
			return of1
		case 2:
			return of2
		case 4:
			return of4
		case 8:
			return of8
		}
		return event.Other
	}
	switch p.Kind {
	case sitetab.Int:
		return sized(event.Int8, event.Int16, event.Int32, event.Int64)
	case sitetab.Uint:
		return sized(event.Uint8, event.Uint16, event.Uint32, event.Uint64)
	case sitetab.Bool:
		return event.Bool
	case sitetab.Pointer:
		return event.Pointer
	case sitetab.String:
		return event.String
	case sitetab.Slice:
		return event.Slice
	case sitetab.Eface, sitetab.Iface:
		return event.Interface
	case sitetab.Float:
		return sized(event.Other, event.Other, event.Float32, event.Float64)
	}
	return event.Other
}

// stack returns the number of a stack, which is written down when it is new.
func (r *Recording) stack(pcs []uint64) int {
	if len(pcs) == 0 {
		return -1
	}
	r.key = r.key[:0]
	for _, pc := range pcs {
		r.key = binary.LittleEndian.AppendUint64(r.key, pc)
	}
	if n, ok := r.stacks[string(r.key)]; ok {
		return n
	}
	if len(r.stacks) >= maxStacks { // numbers go on, so that those written before stay right
		clear(r.stacks)
	}
	for _, pc := range pcs {
		if !r.pcs[pc] {
			r.pcs[pc] = true
			r.enc.Frames(pc, framesOf(uintptr(pc)))
		}
	}
	r.enc.Stack(pcs)
	n := r.nextStack
	r.nextStack++
	r.stacks[string(r.key)] = n
	return n
}

// maxStacks bounds the stacks whose numbers are remembered.
const maxStacks = 1 << 16

// framesOf returns the functions at a return address: the innermost, which may be inlined, and the one whose code it is. Those in
// between, inlined too, can't be told.
func framesOf(pc uintptr) []event.Frame {
	f := runtime.FuncForPC(pc - 1)
	if f == nil {
		return []event.Frame{{Func: fmt.Sprintf("%#x", pc)}}
	}
	file, line := f.FileLine(pc - 1)
	frames := []event.Frame{{Func: f.Name(), File: file, Line: line}}
	if outer := runtime.FuncForPC(f.Entry()); outer != nil && outer.Name() != f.Name() {
		file, line := outer.FileLine(outer.Entry())
		frames = append(frames, event.Frame{Func: outer.Name(), File: file, Line: line})
	}
	return frames
}
