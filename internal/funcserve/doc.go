// Package funcserve shows the functions of a program that gkhi build made to the gkhi command: it
// implements [control.Target] for them alone, and serves it.
//
// A program that doesn't import GKHI itself links this and nothing of hooks, failpoints or the scanner. In one that does,
// the root package's target has hooks besides, and takes from here what it says and does about functions: Choose, Describe,
// Trace, Stat, Recording. The two share the drain of internal/record, which has room for one.
package funcserve
