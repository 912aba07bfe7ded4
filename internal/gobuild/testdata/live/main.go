// Command live does on each line of its input what that says, and answers with a line.
package main

import (
	"bufio"
	"fmt"
	"os"
	"runtime"
	"sync"
	"time"
)

var ready = prepare(3)

// prepare runs before main.
func prepare(n int) (sum int) {
	for i := range n {
		sum += leaf(i)
	}
	return sum
}

//go:noinline
func leaf(n int) (sum int) {
	for i := range n {
		sum += i
	}
	return sum
}

// deep grows the stack, which moves.
func deep(n int) int {
	var room [64]int
	for i := range room {
		room[i] = n
	}
	if n == 0 {
		return leaf(1)
	}
	return deep(n-1) + room[n%64]
}

//go:noinline
func thrower(n int) {
	for range n {
		panic("thrown")
	}
}

func catcher() (caught any) {
	defer func() { caught = recover() }()
	for i := range 3 {
		thrower(i)
	}
	return nil
}

func leaver(n int) {
	for range n {
		runtime.Goexit()
	}
}

func sleeper() {
	for range 2 {
		time.Sleep(10 * time.Millisecond)
	}
}

// many calls leaf from several goroutines.
func many(goroutines, calls int) {
	var wg sync.WaitGroup
	for range goroutines {
		wg.Go(func() {
			for i := range calls {
				leaf(3)
				if i%100 == 0 {
					runtime.Gosched()
				}
			}
		})
	}
	wg.Wait()
}

func main() {
	in := bufio.NewScanner(os.Stdin)
	fmt.Println("ready")
	for in.Scan() {
		switch in.Text() {
		case "calls":
			many(8, 1000)
			for range 3 {
				deep(300)
				catcher()
				go leaver(1)
			}
			sleeper()
		case "one":
			leaf(2)
		}
		fmt.Println("done")
	}
}
