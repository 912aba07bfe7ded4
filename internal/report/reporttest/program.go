package reporttest

import (
	"strconv"
	"strings"

	"github.com/gkhi/gkhi/internal/event"
)

// The functions of the program that is recorded: a service that reads requests, and keeps what
// they write in a log. The order is that of program.
const (
	handle = iota
	decode
	get
	walk
	put
	commit
	appendLog
	sync
	observe
	numFuncs
)

const (
	module = "example.com/kv/"
	source = "/src/kv/"
)

var (
	errResult = event.Param{Name: "err", Type: "error", Kind: event.Interface}
	key       = event.Param{Name: "key", Type: "string", Kind: event.String}
)

// A function is what the generator knows of one: its definition and how it behaves.
type function struct {
	event.Func
	own      int64   // ns between two events of its own, on average
	children []child // what it calls, in order
	frame    uint32  // bytes
}

type child struct {
	fn    int
	often float64 // how often in one call: a chance, or a number of times
}

var program = [numFuncs]function{
	handle: {
		Func: event.Func{
			Name: module + "server.(*Server).handle", Package: module + "server", File: source + "server/server.go", Line: 41,
			Params: []event.Param{{Name: "c", Type: "*conn", Kind: event.Pointer}},
		},
		own: 900, frame: 240, children: []child{{decode, 1}, {get, 0.7}, {put, 0.3}, {observe, 1}},
	},
	decode: {
		Func: event.Func{
			Name: module + "codec.Decode[...]", Package: module + "codec", File: source + "codec/codec.go", Line: 12,
			Params:  []event.Param{{Name: "b", Type: "[]byte", Kind: event.Slice}},
			Results: []event.Param{{Name: "r", Type: "Request", Kind: event.Other}, errResult},
		},
		own: 700, frame: 96,
	},
	get: {
		Func: event.Func{
			Name: module + "store.(*Store).Get", Package: module + "store", File: source + "store/store.go", Line: 88,
			Params:  []event.Param{{Name: "s", Type: "*Store", Kind: event.Pointer}, key},
			Results: []event.Param{{Name: "value", Type: "[]byte", Kind: event.Slice}, errResult},
		},
		own: 300, frame: 128, children: []child{{walk, 1}},
	},
	walk: {
		Func: event.Func{
			Name: module + "store.(*node).walk", Package: module + "store", File: source + "store/node.go", Line: 30,
			Params:  []event.Param{{Name: "depth", Type: "int", Kind: event.Int64}, {Name: "key", Type: "string", Kind: event.String}},
			Results: []event.Param{{Name: "found", Type: "bool", Kind: event.Bool}},
		},
		own: 120, frame: 64, children: []child{{walk, 0.75}}, // recursive
	},
	put: {
		Func: event.Func{
			Name: module + "store.(*Store).Put", Package: module + "store", File: source + "store/store.go", Line: 120,
			Params:  []event.Param{{Name: "s", Type: "*Store", Kind: event.Pointer}, key, {Name: "size", Type: "uint32", Kind: event.Uint32}},
			Results: []event.Param{errResult},
		},
		own: 400, frame: 160, children: []child{{walk, 1}, {commit, 1}},
	},
	commit: {
		Func: event.Func{
			Name: module + "store.(*Tx).commit", Package: module + "store", File: source + "store/tx.go", Line: 57,
			Results: []event.Param{{Name: "n", Type: "int", Kind: event.Int64}, errResult},
		},
		own: 800, frame: 112, children: []child{{appendLog, 2.5}, {sync, 1}},
	},
	appendLog: {
		Func: event.Func{
			Name: module + "wal.(*Log).Append", Package: module + "wal", File: source + "wal/wal.go", Line: 73,
			Params:  []event.Param{{Name: "b", Type: "[]byte", Kind: event.Slice}},
			Results: []event.Param{{Name: "n", Type: "int", Kind: event.Int64}, errResult},
		},
		own: 250, frame: 80,
	},
	sync: {
		Func: event.Func{
			Name: module + "wal.(*Log).Sync", Package: module + "wal", File: source + "wal/sync.go", Line: 19,
			Results: []event.Param{errResult},
		},
		own: 90_000, frame: 48,
	},
	observe: {
		Func: event.Func{
			Name: module + "metrics.Observe", Package: module + "metrics", File: source + "metrics/metrics.go", Line: 8,
			Params: []event.Param{{Name: "seconds", Type: "float64", Kind: event.Float64}},
		},
		own: 60, frame: 32,
	},
}

// words returns what is recorded of values: the parts that their kinds show.
func words(ps []event.Param) (ws []event.Word) {
	for i, p := range ps {
		switch p.Kind {
		case event.String:
			ws = append(ws, event.Word{Param: i, Part: 1})
		case event.Slice:
			ws = append(ws, event.Word{Param: i, Part: 1}, event.Word{Param: i, Part: 2})
		case event.Other: // does not fit
		default:
			ws = append(ws, event.Word{Param: i})
		}
	}
	return ws
}

// definitions returns functions and sites: site 2n is function n's entry, 2n+1 its return.
func definitions(values bool, copies int) (fs []event.Func, ss []event.Site) {
	for n := range copies * numFuncs {
		f := program[n%numFuncs].Func
		if c := n / numFuncs; c > 0 {
			f.Package += strconv.Itoa(c)
			f.Name = f.Package + strings.TrimPrefix(f.Name, program[n%numFuncs].Package)
		}
		entry, ret := event.Site{Func: n, Line: f.Line}, event.Site{Func: n, Return: true, Line: f.Line + 9}
		if values {
			entry.Words, ret.Words = words(f.Params), words(f.Results)
		} else {
			f.Params, f.Results = nil, nil
		}
		fs = append(fs, f)
		ss = append(ss, entry, ret)
	}
	return fs, ss
}

// The stacks under handle: it is called from two places.
const (
	pcServe = 0x4a1000 + 0x1000*iota
	pcAccept
	pcMain
)

var frames = []struct {
	pc uint64
	fs []event.Frame
}{
	{pcServe, []event.Frame{
		{Func: module + "server.(*Server).next", File: source + "server/next.go", Line: 7}, // inlined into serve
		{Func: module + "server.(*Server).serve", File: source + "server/server.go", Line: 30},
	}},
	{pcAccept, []event.Frame{{Func: module + "server.(*Server).accept", File: source + "server/server.go", Line: 21}}},
	{pcMain, []event.Frame{{Func: "main.main", File: source + "main.go", Line: 14}}},
}

var stacks = [][]uint64{{pcServe, pcMain}, {pcAccept, pcMain}}
