// Package draw is how the gkhi command puts things on paper and on the screen: text that is safe to show,
// numbers, tables, histograms, and a screen that refreshes in place.
//
// What it is given may come from another process, which may be hostile or broken: a name with an escape sequence in it
// would otherwise move the cursor, set the window's title, or make one line look like another. So everything that ends up in a table or a
// histogram goes through [Safe] here, and what is written directly goes through it at the caller.
//
// Nothing here knows hooks.
package draw
