// Benchmarks against other people's modules. They live in a module of their own so that
// nobody who imports gkhi has these in their build list.
module github.com/gkhi/gkhi/bench

go 1.26.0

require (
	github.com/gkhi/gkhi v0.0.0
	github.com/gookit/event v1.2.0
	github.com/pingcap/failpoint v0.0.0-20240528011301-b51a646c7c86
	go.etcd.io/gofail v0.2.0
)

require (
	github.com/gookit/goutil v0.7.1 // indirect
	github.com/pingcap/errors v0.11.4 // indirect
)

replace github.com/gkhi/gkhi => ../
