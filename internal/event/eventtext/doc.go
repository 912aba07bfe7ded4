// Package eventtext is the text form of recordings: what package event writes, line by line, for people to read and for tests to
// make recordings from. [Write] makes text of a recording, [Parse] a recording of text, and one is the other's reverse: the
// same blocks come out of it, as long as package event's Encoder made them.
//
// A line is a word and then values: numbers, words, and strings in quotes as in Go; those with a name may be left out. What is behind # is a
// comment; Write tells there of blocks.
//
//	meta {"program":"/bin/kv","pid":42,…}
//	func "main.get" "main" "/src/main.go" 12 ("key" "string" 11) ("err" "error" 13)
//	site 0 entry 12 words 0.1            of function 0; part 1 of its parameter 0
//	site 0 return 19 range words 0.0     of the result, in a range statement
//	hook "kv.commit"
//	frame 0x4a1000 "main.main" "/src/main.go" 14
//	stack 0x4a1000 0x4b2000
//	event 1000 thread 0 g 18 site 0 cpu 1 sp 160 bp 144 gap words 5 0x10 stack 0
//	close 0                              the block of thread 0 ends
//	hit 1100 g 18 hook 0 {"Puts":1}
//	count 0 17                           function 0 was called 17 times
//	watermark 2000 ticks 2000 mono 1000 wall 1767366245000001000 lost 3
//
// Frames of one address stand one below the other, innermost first, and counts, too, are of one block as long as no
// other line is between.
package eventtext
