// Package demo is gkhi demo: a real service, built and started on loopback, put
// under a bounded load, and looked into with the commands that a user would type.
//
// It builds examples/kvd with the go command, twice: with its hooks and, for the
// comparison of throughput, without them. In between it runs gkhi's own commands in this
// process, on the service's pid, so what it prints is what they print.
//
// However it ends (done, interrupted, failed), the services are stopped and their folder
// is removed before [Run] returns.
package demo
