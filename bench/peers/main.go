// Command peers measures what an event costs the program that it happens in, recorded by gkhi and by what else there is for that:
// LLVM XRay, LTTng-UST, uftrace, Go's own runtime/trace, and bpftrace on uprobes. All of it in one run, by turns:
//
//	go -C bench run ./peers            tables for people
//	go -C bench run ./peers -quick     everything once; the figures mean nothing
//	go -C bench run ./peers -write ../docs/costs.md
//	                                   puts the tables into the document, between its marks
//
// Each subject is a small program with a function that adds one and is called in a loop. What an event costs is
// the time of a call while it is recorded, less the time of a call of the same program while it is not, divided by the
// events of a call, which are two where both entry and return are recorded. Three loops are run:
//
//   - bursts, with pauses long enough for whoever takes the events out of the buffers;
//   - a million calls a second, with other work between them;
//   - calls and nothing else, for as long as it takes: no recorder can do this for long.
//
// What isn't installed is left out and named, with the Debian package that has it. CI installs none of them,
// since clang alone is as large as the rest of what it installs; -quick then runs gkhi and runtime/trace.
//
// LTTng's daemon is started by this program and ended by it. If one runs already, it is left alone and LTTng left out.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"syscall"
	"time"

	"github.com/gkhi/gkhi/bench/internal/measure"
)

func main() {
	if err := run(os.Args[1:], os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "peers:", err)
		os.Exit(1)
	}
}

func run(args []string, stdout, stderr io.Writer) error {
	flags := flag.NewFlagSet("peers", flag.ContinueOnError)
	flags.SetOutput(stderr)
	quick := flags.Bool("quick", false, "everything once, briefly")
	write := flags.String("write", "", "put the tables into this document")
	only := flags.String("only", "", "besides gkhi, only the peer with this name, such as uftrace; none: no other")
	rounds := flags.Int("rounds", 11, "how often each loop is run")
	if err := flags.Parse(args); err != nil {
		return err
	}
	loads := []load{
		inBursts: {bursts: 10, calls: 8000, pause: 20 * time.Millisecond},
		steady:   {bursts: 50, calls: 2000, spin: 300},
		flatOut:  {bursts: 50, calls: 8000},
	}
	if *quick {
		*rounds = 1
		for i := range loads {
			loads[i].bursts = 2
		}
	}
	w, err := newWorkshop()
	if err != nil {
		return err
	}
	defer w.close()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM) // what was started is ended then, too
	defer stop()
	peers, left := w.peers(*only, stderr)
	if len(peers) == 0 || !peers[0].gkhi {
		return fmt.Errorf("gkhi itself can't be measured: %s", left[0])
	}
	if err := calibrate(peers[0].plain, &loads[steady]); err != nil {
		return err
	}
	for round := range *rounds {
		for i := 0; i < len(peers); i++ {
			err := peers[i].measure(loads)
			if ctx.Err() != nil {
				return errors.New("interrupted")
			}
			if err == nil {
				continue
			}
			if err = fmt.Errorf("%s: %w", peers[i].name, err); peers[i].gkhi {
				return err
			}
			fmt.Fprintln(stderr, "left out:", err)
			left = append(left, err.Error())
			peers = slices.Delete(peers, i, i+1)
			i--
		}
		fmt.Fprintf(stderr, "round %d of %d\n", round+1, *rounds)
	}
	machine := measure.ThisMachine()
	machine.Sites = "" // those measured are in another process
	text := report{machine: machine, rounds: *rounds, loads: loads, peers: peers, versions: w.versions(), emulated: w.emulated, left: left}.String()
	if *write != "" {
		return measure.WriteInto(*write, "bench/peers", text)
	}
	_, err = io.WriteString(stdout, text)
	return err
}

// The loops.
const (
	inBursts = iota
	steady
	flatOut
	loops
)

// calibrate has a turn of the steady loop take a microsecond.
func calibrate(s *subject, l *load) error {
	took, err := s.run(load{bursts: 5, calls: l.calls, spin: l.spin})
	if err != nil {
		return err
	}
	l.spin = max(1, int(float64(l.spin)*1000/least(took)))
	return nil
}
