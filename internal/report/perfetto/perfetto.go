// Package perfetto writes the trace format of Perfetto, for ui.perfetto.dev and trace_processor: a track for each goroutine, a slice
// for each call with its arguments and results, an instant for each hit of a declared hook.
//
// It is a stream of protobuf messages, written while the recording is read; the field numbers are those of
// perfetto's trace_packet.proto and what that imports, and only those it needs are here. Times count from the recording's
// start, and a clock snapshot says which wall time that was.
package perfetto

import (
	"bufio"
	"io"
	"strconv"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/gkhi/gkhi/internal/event"
	"github.com/gkhi/gkhi/internal/report"
)

// Fields of messages, by the message they are in.
const (
	tracePacket = 1 // Trace

	packetClocks     = 6 // TracePacket
	packetTime       = 8
	packetSequence   = 10
	packetEvent      = 11
	packetInterned   = 12
	packetFlags      = 13
	packetDescriptor = 60

	clocksClock = 1 // ClockSnapshot
	clockID     = 1
	clockTime   = 2

	trackUUID    = 1 // TrackDescriptor
	trackName    = 2
	trackProcess = 3
	trackParent  = 5

	processPID  = 1 // ProcessDescriptor
	processName = 6

	eventCategory   = 3 // TrackEvent
	eventAnnotation = 4
	eventType       = 9
	eventName       = 10
	eventTrack      = 11
	eventLocation   = 34

	internedCategories  = 1 // InternedData
	internedNames       = 2
	internedAnnotations = 3
	internedLocations   = 4
	internedID          = 1 // of each of these
	internedName        = 2
	locationFunction    = 3
	locationLine        = 4

	annotationName   = 1 // DebugAnnotation
	annotationString = 6
	annotationJSON   = 9
)

// Values of theirs.
const (
	typeBegin, typeEnd, typeInstant = 1, 2, 3
	stateCleared, stateNeeded       = 1, 2
	clockRealtime, clockBoot        = 1, 6
	categoryCall, categoryHook      = 1, 2
	processTrack                    = 1
	firstGoroutine                  = 1 << 32 // added to a goroutine's number: its track
)

// A Writer is a visitor that writes a trace.
type Writer struct {
	w       *bufio.Writer // keeps its first error
	d       *event.Definitions
	start   int64
	begun   bool
	tracks  report.IDs
	funcs   []bool            // interned, by function; the id is the index plus 1
	hooks   []bool            // the same of hooks, behind hookNames
	names   map[string]uint64 // of annotations
	packet  []byte
	message []byte // within the packet, and so on
	inner   []byte
	intern  []byte
}

// hookNames is added to a hook's index: its id among the names of events.
const hookNames = 1 << 30

// New returns a writer of what r reads.
func New(w io.Writer, r *event.Reader) *Writer {
	return &Writer{w: bufio.NewWriterSize(w, 256<<10), d: &r.Definitions, names: map[string]uint64{}}
}

// Visitor returns what tells the writer.
func (p *Writer) Visitor() report.Visitor {
	return report.Visitor{
		Enter: func(c *report.Call) {
			p.begin(c.Start)
			p.track(c.G)
			p.enter(c)
		},
		Leave: func(c *report.Call) { p.end(c.G, c.End, c) },
		Drop:  func(c *report.Call, at int64, _ bool) { p.end(c.G, at, c) },
		Hit:   p.hit,
		Round: p.begin,
	}
}

// Close writes what is left.
func (p *Writer) Close() error { return p.w.Flush() }

// varint adds a number to a message.
func varint(b []byte, field protowire.Number, v uint64) []byte {
	return protowire.AppendVarint(protowire.AppendTag(b, field, protowire.VarintType), v)
}

// bytes adds a string or a message to one.
func bytes[T []byte | string](b []byte, field protowire.Number, v T) []byte {
	return protowire.AppendString(protowire.AppendTag(b, field, protowire.BytesType), string(v))
}

// put writes the packet that has gathered.
func (p *Writer) put(packet []byte) {
	p.packet = packet
	var head [12]byte
	b := protowire.AppendTag(head[:0], tracePacket, protowire.BytesType)
	p.w.Write(protowire.AppendVarint(b, uint64(len(packet))))
	p.w.Write(packet)
}

// begin writes what stands in front, once.
func (p *Writer) begin(at int64) {
	if p.begun {
		return
	}
	p.begun, p.start = true, at
	clock := func(id, t uint64) []byte { return varint(varint(nil, clockID, id), clockTime, t) }
	clocks := bytes(nil, clocksClock, clock(clockBoot, 0))
	clocks = bytes(clocks, clocksClock, clock(clockRealtime, uint64(max(at, 0))))
	p.put(varint(bytes(p.packet[:0], packetClocks, clocks), packetSequence, 1))
	process := varint(nil, processPID, uint64(max(p.d.Meta.PID, 1)))
	process = bytes(process, processName, p.d.Meta.Program)
	track := bytes(varint(nil, trackUUID, processTrack), trackProcess, process)
	categories := bytes(nil, internedCategories, bytes(varint(nil, internedID, categoryCall), internedName, "call"))
	categories = bytes(categories, internedCategories, bytes(varint(nil, internedID, categoryHook), internedName, "hook"))
	packet := bytes(p.packet[:0], packetDescriptor, track)
	packet = bytes(packet, packetInterned, categories)
	packet = varint(varint(packet, packetSequence, 1), packetFlags, stateCleared)
	p.put(packet)
}

// track describes a goroutine's track before its first event.
func (p *Writer) track(g uint64) {
	if !p.tracks.Add(g) {
		return
	}
	track := varint(nil, trackUUID, firstGoroutine+g)
	track = varint(track, trackParent, processTrack)
	track = bytes(track, trackName, "goroutine "+strconv.FormatUint(g, 10))
	p.put(varint(bytes(p.packet[:0], packetDescriptor, track), packetSequence, 1))
}

// event writes a packet with an event, and what was interned for it.
func (p *Writer) event(at int64, event []byte) {
	p.message = event
	packet := varint(p.packet[:0], packetTime, uint64(max(at-p.start, 0)))
	packet = bytes(packet, packetEvent, event)
	if len(p.intern) > 0 {
		packet = bytes(packet, packetInterned, p.intern)
		p.intern = p.intern[:0]
	}
	p.put(varint(varint(packet, packetSequence, 1), packetFlags, stateNeeded))
}

func (p *Writer) enter(c *report.Call) {
	for len(p.funcs) <= c.Func {
		p.funcs = append(p.funcs, false)
	}
	id := uint64(c.Func) + 1
	if !p.funcs[c.Func] {
		p.funcs[c.Func] = true
		f := &p.d.Funcs[c.Func]
		p.name(id, f.Name)
		at := bytes(varint(nil, internedID, id), internedName, f.File)
		at = varint(bytes(at, locationFunction, f.Name), locationLine, uint64(f.Line))
		p.intern = bytes(p.intern, internedLocations, at)
	}
	ev := varint(p.message[:0], eventType, typeBegin)
	ev = varint(ev, eventTrack, firstGoroutine+c.G)
	ev = varint(ev, eventCategory, categoryCall)
	ev = varint(ev, eventName, id)
	ev = varint(ev, eventLocation, id)
	p.event(c.Start, p.values(ev, c.Entry, c.Args))
}

func (p *Writer) end(g uint64, at int64, c *report.Call) {
	ev := varint(p.message[:0], eventType, typeEnd)
	ev = varint(ev, eventTrack, firstGoroutine+g)
	ev = p.values(ev, c.Exit, c.Results)
	switch {
	case c.End == 0:
		ev = p.annotate(ev, "end", annotationString, "not seen: it was under way when the recording ended or events were lost")
	case c.Unwound:
		ev = p.annotate(ev, "end", annotationString, "no return seen: a panic or Goexit")
	}
	p.event(at, ev)
}

func (p *Writer) hit(h *report.Hit) {
	p.begin(h.Time)
	track := uint64(processTrack)
	if h.G != 0 {
		p.track(h.G)
		track = firstGoroutine + h.G
	}
	for len(p.hooks) <= h.Hook {
		p.hooks = append(p.hooks, false)
	}
	id := uint64(hookNames + h.Hook)
	if !p.hooks[h.Hook] {
		p.hooks[h.Hook] = true
		p.name(id, p.d.Hooks[h.Hook])
	}
	ev := varint(p.message[:0], eventType, typeInstant)
	ev = varint(ev, eventTrack, track)
	ev = varint(ev, eventCategory, categoryHook)
	ev = varint(ev, eventName, id)
	p.event(h.Time, p.annotate(ev, "fields", annotationJSON, string(h.Fields)))
}

func (p *Writer) name(id uint64, name string) {
	p.intern = bytes(p.intern, internedNames, bytes(varint(nil, internedID, id), internedName, name))
}

func (p *Writer) values(ev []byte, site int, words []uint64) []byte {
	for _, v := range report.Values(p.d, site, words) {
		ev = p.annotate(ev, v.Name, annotationString, v.Text)
	}
	return ev
}

// annotate adds a value with a name to an event.
func (p *Writer) annotate(ev []byte, name string, kind protowire.Number, text string) []byte {
	id, ok := p.names[name]
	if !ok {
		id = uint64(len(p.names)) + 1
		p.names[name] = id
		p.intern = bytes(p.intern, internedAnnotations, bytes(varint(nil, internedID, id), internedName, name))
	}
	p.inner = bytes(varint(p.inner[:0], annotationName, id), kind, text)
	return bytes(ev, eventAnnotation, p.inner)
}
