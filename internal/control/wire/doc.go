// Package wire is the one definition of what gkhi and a hooked process say to each other.
//
// A connection carries lines of JSON, each at most [MaxLine] bytes, newline included.
//
//  1. Each side sends a [Hello] as its first line, without waiting for the other's. A server
//     that won't talk (wrong user, too many connections) sends a [Message] with an error
//     in its place and closes.
//  2. Each side checks the other's Hello with [Hello.Compatible]. The server answers a
//     bad one with an error message and closes.
//  3. The client sends [Request] lines, each with an id that it has not used on this
//     connection. The server answers every request with exactly one Message that has a result
//     or an error. Where the op is a stream, the result is followed by messages with an event
//     each, or with data that follow the line, and by one with an end, all with the request's id. Streams of several requests
//     interleave.
//  4. Closing the connection ends its streams and undoes what it holds (see [ArmArgs]).
//
// Nothing is lost silently: every message of a stream that may drop events carries the number
// dropped since the stream began, and so does its end.
//
// Compatibility: within one protocol number, messages may gain fields, which an older reader ignores.
// A request's arguments may not: a server refuses arguments that it does not know, since to ignore a
// filter or a limit would be worse than to say no. The shape of the hello line never changes.
//
// The package imports no more than it must, since hooked programs link it.
package wire
