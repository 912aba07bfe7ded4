// Package auto is what gkhi build adds to a program that doesn't use GKHI itself: it lets the gkhi command see the
// program's functions, from when the program is initialised until it ends. It is to such a program what package
// autoserve is to others, without hooks.
package auto

import (
	"os"

	"github.com/gkhi/gkhi/internal/control"
	"github.com/gkhi/gkhi/internal/funcserve"
)

// server is what init began, or nil.
var server *control.Server

func init() {
	if os.Getenv(funcserve.Env) == "off" {
		return
	}
	var err error
	if server, err = control.Serve(funcserve.Target{}, control.Options{Report: say}); err == nil {
		err = funcserve.Hold()
	}
	if err != nil {
		say(err.Error())
	}
}

func say(text string) { os.Stderr.WriteString("gkhi: " + text + "\n") }

// AtExit is called as the program ends, when main returns and in os.Exit: see [funcserve.End].
func AtExit() {
	if server != nil {
		funcserve.End(server.Close)
	}
}
