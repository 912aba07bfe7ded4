package funcserve

import (
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/gkhi/gkhi/internal/control"
)

// Env is the environment variable that switches serving off with the value off.
const Env = "GKHI_SERVE"

// holdTime is how long a process waits for gkhi, and exitTime for clients to take their last events.
const (
	holdTime = 10 * time.Second
	exitTime = 2 * time.Second
)

// Hold waits until gkhi lets the program begin, if it asked for that in the environment.
func Hold() error {
	dir := os.Getenv(control.HoldEnv)
	if dir == "" {
		return nil
	}
	name := filepath.Join(dir, strconv.Itoa(os.Getpid()))
	if err := os.WriteFile(name, nil, 0o600); err != nil {
		if os.IsNotExist(err) { // gkhi has gone, and the variable stayed
			return nil
		}
		return err
	}
	for end := time.Now().Add(holdTime); time.Now().Before(end); time.Sleep(time.Millisecond) {
		if _, err := os.Stat(name); err != nil {
			return nil
		}
	}
	return os.Remove(name)
}

// End passes on to gkhi commands what they have not got yet, and takes the control socket away, with stop. It
// takes no time when nobody is connected, and two seconds at most.
func End(stop func() error) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer func() { _ = recover() }() // the program ends as it wanted to
		stop()                           //nolint:errcheck // nobody is left to be told
	}()
	select {
	case <-done:
	case <-time.After(exitTime):
	}
}
