// Plug is a plugin with sites of the subject's hook and point, which it shares with
// the program that loads it.
package main

import "github.com/gkhi/gkhi/internal/patch/testdata/subject/subject"

// Own is a site in the plugin of a hook that is not.
//
//go:noinline
func Own(n int) int {
	if subject.Hook.Armed() {
		subject.Hook.Fire(n)
	}
	return n + 2
}

// Leaf hits the point.
//
//go:noinline
func Leaf(n int) int {
	subject.Point.Hit()
	return n + 3
}
