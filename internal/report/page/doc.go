// Package page writes a recording as one HTML file that people look at: a table of functions, a flame graph, a timeline
// of goroutines, latency histograms, callers and callees, all of it joined by one selection and one filter.
//
// # The file
//
// It stands alone: no network, no other file, and a content security policy that forbids both; it works from file://,
// in any browser of the last years. Its data is JSON in the page ([Data]); the scripts in assets/ read it. They are plain
// JavaScript, put one behind the other into one script, in the order of the list in render.go.
//
// # Names are not trusted
//
// What a recording says, such as names of functions and texts of events, can be anything. It gets into the page in one place, the
// JSON, in which encoding/json leaves no <, > or &, and from there only as text nodes and on canvases. The title is escaped.
//
// # Size
//
// A page has at most some 5 MB, whatever the recording's size, so that it opens at once and can be sent to people. Sums are of
// all calls. What can't be summed is cut: single calls of the timeline (the longest of each stretch of time, with all that is
// around them), the goroutines, contexts with little time, hits, texts. [Limits] has the bounds, and the page says what was cut.
package page
