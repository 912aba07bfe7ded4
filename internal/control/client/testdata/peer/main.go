// The other process of the client's tests: a server with made-up hooks, a client that waits to be killed, or a program that
// does neither.
package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"strconv"

	"github.com/gkhi/gkhi/internal/control"
	"github.com/gkhi/gkhi/internal/control/client"
	"github.com/gkhi/gkhi/internal/control/controltest"
	"github.com/gkhi/gkhi/internal/control/wire"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Println("error:", err)
	}
	io.Copy(io.Discard, os.Stdin)
}

func run(args []string) error {
	switch args[0] {
	case "serve":
		return serve(args[1])
	case "client":
		return connect(args[1])
	case "socket":
		_, err := client.At(args[1]).Dial(context.Background())
		return err
	case "neither":
		fmt.Println("ready")
	}
	return nil
}

// serve serves so many copies, in the default directory, and fires their hook for each line that it gets.
func serve(copies string) error {
	n, err := strconv.Atoi(copies)
	if err != nil {
		return err
	}
	target := controltest.New("peer.hook")
	for range n {
		s, err := control.Serve(target, control.Options{})
		if err != nil {
			return err
		}
		defer s.Close()
	}
	fmt.Println("ready")
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		target.Fire("peer.hook", lines.Text())
	}
	return nil
}

// connect traces and arms on a process, and keeps that.
func connect(target string) error {
	ctx := context.Background()
	c, err := client.Dial(ctx, target)
	if err != nil {
		return err
	}
	if _, err := c.Trace(ctx, wire.TraceSpec{Patterns: []string{"*"}}); err != nil {
		return err
	}
	if _, err := c.Arm(ctx, wire.ArmArgs{Patterns: []string{"*"}, Hold: true}); err != nil {
		return err
	}
	fmt.Println("ready")
	return nil
}
