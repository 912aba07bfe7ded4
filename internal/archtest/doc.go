// Package archtest holds the house rules, by tests: who may import whom, what
// every source file and document must be like, and that every package builds
// for every platform.
//
// The rules are the tables of rules.go, and each says why it is there. A rule
// that stands in the way of better code is to be changed, in that table and with
// its reason, in the change that needs it.
//
// The checks are functions of a package graph, a syntax tree or a text, so that
// tests show what each of them catches; the tests of the real tree then apply
// them to all of it, for every platform.
package archtest
