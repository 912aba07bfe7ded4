// Command diff prints what a program can see of its own calls: results, panics, the
// order of deferred functions, lines, and a traceback. It prints the same
// with points as without.
package main

import (
	"errors"
	"fmt"
	"iter"
	"os"
	"runtime"
	"strings"
)

var calls []string

//go:noinline
func where(what string) string {
	_, file, line, _ := runtime.Caller(1)
	calls = append(calls, fmt.Sprint(what, " ", file[strings.LastIndexByte(file, '/')+1:], ":", line))
	return what
}

// caller tells the line that the calling function was at when it was itself called.
//
//go:noinline
func caller(what string) {
	pc, file, line, _ := runtime.Caller(2)
	fmt.Println(what, runtime.FuncForPC(pc).Name(), file, line)
}

//go:noinline
func two(n int) (int, error) { return n * 2, errors.New(where("two")) }

//go:noinline
func fails() int { panic("fails") }

func results(n int) (int, string, error) {
	switch n {
	case 0:
		x, err := two(n)
		return x, where("a") + where("b"), err
	case 1:
		return triple(n)
	}
	return 1, "c", nil
}

func triple(n int) (a int, b string, err error) {
	defer func() {
		caller("deferred")
		a++
		b += "!"
	}()
	if n > 5 {
		return a, b, err
	}
	return n,
		where("d") +
			where("e"),
		errors.New(
			"x")
}

func bare(n int) (err error) {
	defer func() { caller("deferred, bare"); err = fmt.Errorf("wrapped: %w", err) }()
	if n == 0 {
		err = errors.New("zero")
		return
	}
	for i := range n {
		err := fmt.Errorf("shadow %d", i)
		if i == 1 {
			return wrap(err)
		}
	}
	return
}

//go:noinline
func wrap(err error) error { return fmt.Errorf("w: %w", err) }

func modified() (int, int) {
	x := 1
	f := func() int { x = 2; return 5 }
	return x, f()
}

func modifiedNamed() (n, m int) {
	f := func() int { n = 7; return 5 }
	return n + 1, f()
}

func recovered() (n int, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("recovered %v, n is %d", r, n)
		}
	}()
	n = 3
	return fails() + 1, nil
}

func unnamedRecovered() (int, error) {
	defer func() { recover() }()
	return two(fails())
}

// A function called by the deferred one recovers nothing.
func notDirect() {
	defer func() { fmt.Println("outer", recover()) }()
	defer func() { func() { fmt.Println("inner", recover()) }() }()
	panic("direct")
}

func order() (s string) {
	for i := range 3 {
		defer func() { s += fmt.Sprint(i) }()
	}
	return where("f")
}

func seq() iter.Seq[int] {
	return func(yield func(int) bool) {
		defer fmt.Println("iterator is done")
		for i := range 5 {
			if !yield(i) {
				return
			}
		}
	}
}

func ranged() (n int, err error) {
	defer func() { fmt.Println("deferred", n, err) }()
	for x := range seq() {
		for y := range seq() {
			if x*y == 2 {
				return two(x + y)
			}
		}
	}
	return
}

type node[T any] struct {
	v    T
	next *node[T]
}

func (n *node[T]) find(ok func(T) bool) (_ T, found bool) {
	for ; n != nil; n = n.next {
		if ok(n.v) {
			return func() (T, bool) { return n.v, true }()
		}
	}
	return
}

type pair struct{ a, b int }

func composite(n int) *pair { return &pair{n, func() int { return n + 1 }()} }

func selects(c chan int) int {
	select {
	case n := <-c:
		return <-c + n
	default:
		return cap(c)
	}
}

func goexit() {
	done := make(chan string)
	go func() {
		defer func() { done <- fmt.Sprint("goexit ", recover()) }()
		runtime.Goexit()
	}()
	fmt.Println(<-done)
}

func traceback() string {
	buf := make([]byte, 1<<14)
	func() {
		defer func() {
			recover()
			buf = buf[:runtime.Stack(buf, false)]
		}()
		var p *pair
		_ = composite(
			p.a,
		)
	}()
	// Arguments, addresses and offsets in functions differ.
	var lines []string
	for line := range strings.Lines(string(buf)) {
		if at := strings.Index(line, " +0x"); at > 0 {
			line = line[strings.LastIndexByte(line[:at], '/')+1:at] + "\n"
		} else if at := strings.LastIndexByte(line, '('); at > 0 {
			line = line[:at] + "\n"
		}
		lines = append(lines, line)
	}
	return strings.Join(lines[1:], "")
}

//line moved.y:1000
func moved() (int, error) {
	return two(
		1)
}

//line main.go:2000
func init() { fmt.Println("init", where("init")) }

func main() {
	for n := range 3 {
		fmt.Println(results(n))
	}
	fmt.Println(triple(9))
	fmt.Println(bare(0), bare(1), bare(2))
	fmt.Println(modified())
	fmt.Println(modifiedNamed())
	fmt.Println(recovered())
	fmt.Println(unnamedRecovered())
	notDirect()
	fmt.Println(order())
	fmt.Println(ranged())
	l := &node[string]{"a", &node[string]{"b", nil}}
	fmt.Println(l.find(func(s string) bool { return s == where("b") }))
	fmt.Println(l.find(func(s string) bool { return false }))
	fmt.Println(*composite(1))
	c := make(chan int, 2)
	fmt.Println(selects(c))
	c <- 1
	c <- 2
	fmt.Println(selects(c))
	goexit()
	fmt.Print(traceback())
	fmt.Println(moved())
	fmt.Println(strings.Join(calls, "\n"))
	if len(os.Args) > 1 {
		fails()
	}
}
