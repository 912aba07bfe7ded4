package main

// rdtscs reads the time stamp counter n times.
func rdtscs(n int)
