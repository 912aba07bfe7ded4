// Hooked is a program with hooks, for the end-to-end tests of gkhi. It fires its hooks a thousand times a second, prints what
// is armed in it when a line comes in, and ends with its standard input.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"sync/atomic"
	"time"

	"github.com/gkhi/gkhi"
)

type commit struct {
	ID   int
	Key  string
	Took time.Duration
}

var (
	onCommit gkhi.Hook[commit]
	onTick   gkhi.Hook[int]
	onRead   gkhi.Decision[string, error]
)

var failures atomic.Uint64

// state is what the program sees of itself, without the help of a socket.
type state struct {
	Armed      []string // hook/handler
	Failpoints []string // decision=term
	Failures   uint64   // of reads
}

func main() {
	gkhi.Declare(&onCommit, "app.commit", "a transaction was committed")
	gkhi.Declare(&onTick, "app.tick", "time passes")
	gkhi.DeclareDecision(&onRead, "app.read", "may fail a read")
	if _, err := onCommit.Register("audit", func(commit) gkhi.Verdict { return gkhi.Continue }); err != nil {
		log.Fatal(err)
	}
	own, err := onTick.Register("own", func(int) gkhi.Verdict { return gkhi.Continue }, gkhi.NoControl())
	if err != nil {
		log.Fatal(err)
	}
	if err := own.Arm(); err != nil {
		log.Fatal(err)
	}
	if _, err := gkhi.Serve(); err != nil {
		log.Fatal(err)
	}
	fmt.Println("ready")
	go fire()
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		if err := json.NewEncoder(os.Stdout).Encode(look()); err != nil {
			log.Fatal(err)
		}
	}
}

func fire() {
	for n := 0; ; n++ {
		if onCommit.Armed() {
			onCommit.Fire(commit{n, "a key", time.Duration(n%1000) * time.Microsecond})
		}
		if onTick.Armed() {
			onTick.Fire(n)
		}
		if onRead.Armed() {
			if err, decided := onRead.Fire("a key"); decided && err != nil {
				failures.Add(1)
			}
		}
		time.Sleep(time.Millisecond)
	}
}

func look() (s state) {
	for h := range gkhi.Hooks() {
		for _, hd := range h.Handlers {
			if hd.Armed {
				s.Armed = append(s.Armed, h.Name+"/"+hd.Name)
			}
		}
	}
	for _, f := range gkhi.Failpoints() {
		s.Failpoints = append(s.Failpoints, f.Name+"="+f.Term)
	}
	s.Failures = failures.Load()
	return s
}
