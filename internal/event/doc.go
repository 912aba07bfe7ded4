// Package event is the format of recordings: what the points and hooks of a live program
// saw, in a form that is cheap to write, can be read in one pass in bounded memory, and is
// whole up to the last block when the writer died.
//
// It has three users: the program that is recorded encodes ([Encoder]), the command gkhi record puts what it gets
// into a file ([Writer]), and reports read it ([Reader]). It imports the standard
// library only, since it is linked into recorded programs.
//
// # Layout
//
// A recording is the word [Magic], then blocks:
//
//	type(1) length(4) sum(4) payload
//
// Length and sum, the CRC-32 (IEEE) of type and payload, are little-endian. A reader passes over blocks of
// types that it doesn't know, so types can be added; what changes the meaning of a known one changes the magic word.
// Integers in payloads are varints (encoding/binary), the signed ones in zigzag form; strings and byte
// slices have their length in front, lists their count.
//
//	M  meta      a JSON object, see Meta. The first block
//	F  funcs     {name package file line params results}; numbered on from 0
//	             params and results are {name type kind}
//	S  sites     {func flags line words}; numbered on from 0
//	             flags: 1 return, 2 in a range statement; words are {param part}
//	K  hooks     {name}; numbered on from 0
//	P  frames    {pc {function file line}}: return addresses, innermost inlined function first
//	T  stacks    {pcs}: numbered on from 0; pcs innermost first, each against the one before
//	E  events    of one thread: thread first-ticks last-ticks count gap {event}; gap: 1 if events were lost before the first
//	H  hits      of declared hooks: {hook ticks goroutine fields}; fields are a JSON object
//	G  gap       ticks: some events from then on were lost, of whatever thread
//	N  counts    {func calls}: exact numbers of calls since the recording began
//	W  watermark until ticks mono wall lost: see below
//	X  index     {type offset length first-ticks ticks count} of blocks; ticks, from the first event to the last, and
//	             count are 0 of other blocks than events. The last blocks
//
// An event is
//
//	head        site<<4 + flags
//	ticks       against the event before
//	goroutine   signed, against the one before; only with flag 1
//	cpu         plus 1; only with flag 2: another than before
//	sp bp       signed, against those of the block's last event of the same site; only with flag 4
//	words stack words are {word}; stack is its number plus 1, or 0; only with flag 8
//
// State begins anew with each block of events, so each can be read alone.
//
// # Order
//
// A thread's events are in order. A watermark says that all events up to the time until, of whatever
// thread, stand in front of it, so a reader can put them in order as it goes ([Reader] does).
// Watermarks come several times a second and at the latest after [RoundBytes].
//
// # Time
//
// Ticks are the CPU's time stamp counter. Each watermark has ticks, the monotonic clock
// and the wall clock read at one moment. Time between two watermarks is a straight line; it follows the monotonic clock, anchored at the first
// wall time, so that it never goes backwards, and all threads share it. How far the wall clock went off, and
// how steady the counter was, is in [Summary].
//
// # The end
//
// A complete file ends with the index and, behind it, its offset (8 bytes, little-endian)
// and the word [EndMagic]. A file without that was cut off; it is read up to its last whole block.
package event
