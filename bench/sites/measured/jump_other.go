//go:build !(linux && amd64)

package main

// haveBareJumps is whether there is a kind jump.
const haveBareJumps = false

func bareJumps() error { return nil }
