// Package flame draws a flame graph as a stand-alone SVG file: a picture for documents, tickets and chats, without scripts, that every
// browser and viewer shows. A frame is as wide as its time, stands on its caller, and has its figures in a tooltip.
//
// The same tree gives the same bytes. Names come from a recording and are escaped; characters that XML can't have are replaced.
package flame
