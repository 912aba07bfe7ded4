// Command hello is a fixture: it prints its architecture and its arguments.
package main

import (
	"fmt"
	"os"
	"runtime"
)

func main() {
	fmt.Println(runtime.GOARCH, os.Args[1:])
}
