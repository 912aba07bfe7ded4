// Package sitetab is the format in which hook points are written down: by each
// compilation for the link step, and by that for whoever reads the program. It has the one
// definition for all of them, and imports nothing of ours.
//
// # In a package archive
//
// internal/toolexec adds a member named [MemberName] to the archive of a package with points: a [Package]. The n-th point is the
// load of the n-th word at the package's Symbol.
//
// # In a program
//
// internal/laydown turns loads into no-ops and adds a section named [SectionName]: a [Table].
// The section takes no memory in the process, which reads it from its own file when somebody
// asks, and strip(1) leaves it in place.
//
// # Encoding
//
// Integers are varints (encoding/binary), strings have their length in front. Both kinds begin
// with a magic word and end with the CRC-32 (IEEE, little-endian) of all before it.
//
//	package  "GKHp" version importPath symbol files {func kindRange file line entry's params results}
//	params   {name type}, as results
//	files    count {string}
//	table    "GKHt" version arch id[16] anchor noArgs shared shared {name package file line points} args
//	shared   of files, of packages  count {byte string}
//	point    kindRange line-previous [unpatched sites] {address-previous}
//	args     words {type} {signature} {layout} each function's {signature+1 each site's {layout+1}}
//	type     word valueKind size
//	signature, twice: for parameters and for results  {word type}
//	layout   frame {placeKind number}
//
// A list has its count in front. kindRange is the kind, plus 2 within a range statement, plus 4 for Point.Stored, or, in a table, for
// a point of one site without loads that stay, which needs no numbers of them. A
// function's name is written as the number of bytes that it shares with the one before, and the
// rest: functions are sorted by name. So are files and packages, with that number in a byte. Differences are signed; lines are
// against the point before, or the function's, and addresses against the last address written before.
//
// args is what is known of arguments: the functions' parameters and results, and where they are at
// each site. words are names and types; words, types, signatures
// and layouts are written once and meant by number, with 0 for "not known" where it says +1 (the lists of
// functions, points and sites are those from before, without counts). Unknown places have no number.
package sitetab
