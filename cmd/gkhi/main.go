// Command gkhi looks at the hooks of live Go programs and steers them.
//
// See docs/cli.md, or run gkhi help.
package main

import (
	"os"

	"github.com/gkhi/gkhi/internal/cli"
)

func main() { os.Exit(cli.Run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) }
