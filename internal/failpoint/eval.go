package failpoint

import (
	"math/rand/v2"
	"os"
	"runtime"
	"time"
)

// Outcome tells what an evaluation did. The zero value means that no term fired.
type Outcome struct {
	Action Action
	Term   int    // which term fired, from 0; meaningless if Action is None
	Text   string // of a panic term: what to panic with; empty if the term says nothing
}

// Eval evaluates the program once: see the package comment. Sleep, Delay, Pause, Yield and Print have
// happened when it returns. Return and Panic are the caller's to carry out. It allocates only when a term
// sleeps or pauses, and takes no lock when none does.
func (p *Program) Eval() Outcome {
	if p.closed.Load() {
		return Outcome{}
	}
	for i := range p.terms {
		if p.fires(i) {
			return p.execute(i)
		}
	}
	return Outcome{}
}

// fires decides whether term i fires, and counts it if so.
func (p *Program) fires(i int) bool {
	t, fired := &p.terms[i], &p.fired[i]
	// A used-up count is asked for first: it costs a load that all processors share.
	if t.count != unlimited && fired.Load() >= t.count {
		return false
	}
	if t.chance != certain && p.random()>>11 >= t.chance {
		return false
	}
	if t.count == unlimited {
		fired.Add(1)
		return true
	}
	// A plain Add could pass the count when several goroutines reach its last unit at once.
	for {
		n := fired.Load()
		if n >= t.count {
			return false
		}
		if fired.CompareAndSwap(n, n+1) {
			return true
		}
	}
}

func (p *Program) execute(i int) Outcome {
	t := &p.terms[i]
	out := Outcome{Action: t.action, Term: i}
	switch t.action {
	case Panic:
		out.Text = t.text
	case Sleep:
		timer := time.NewTimer(t.dur)
		p.wait(timer.C)
		timer.Stop()
	case Pause:
		p.wait(nil)
	case Delay:
		p.spin(t.dur)
	case Yield:
		runtime.Gosched()
	case Print:
		p.print(t.text)
	}
	return out
}

// wait blocks until the program is released or until something is received from c.
func (p *Program) wait(c <-chan time.Time) {
	p.waiting.Add(1)
	defer p.waiting.Add(-1)
	select {
	case <-p.currentGate():
	case <-c:
	}
}

// spin keeps the processor busy for d or until the program is released.
func (p *Program) spin(d time.Duration) {
	p.waiting.Add(1)
	defer p.waiting.Add(-1)
	gate := p.currentGate()
	for start := time.Now(); time.Since(start) < d; {
		select {
		case <-gate:
			return
		default:
		}
	}
}

func (p *Program) currentGate() <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.gate
}

// Release ends every pause, sleep and delay that is under way. The program goes on: later evaluations
// pause and sleep again.
func (p *Program) Release() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed.Load() {
		return
	}
	close(p.gate)
	p.gate = make(chan struct{})
}

// Close ends the program: what is paused, sleeping or delayed goes on, and no term fires any more. Call it
// when the term is taken off or replaced, before waiting for calls in flight, which a pause would keep
// there. Closing twice is allowed.
func (p *Program) Close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed.Swap(true) {
		return
	}
	close(p.gate)
}

// Waiting returns how many evaluations are paused, sleeping or delayed now.
func (p *Program) Waiting() int { return int(p.waiting.Load()) }

// Spent tells whether the program can never do anything again: it is closed, or its counts are used up
// and what is left does nothing. The decision may then be disarmed.
func (p *Program) Spent() bool {
	if p.closed.Load() {
		return true
	}
	for i := range p.terms {
		t := &p.terms[i]
		switch {
		case t.chance == 0, t.count != unlimited && p.fired[i].Load() >= t.count:
			continue // never fires again
		case t.action != Off:
			return false
		case t.chance == certain && t.count == unlimited:
			return true // nothing gets past this off
		}
	}
	return true
}

func (p *Program) random() uint64 {
	if p.Random != nil {
		return p.Random()
	}
	return rand.Uint64()
}

func (p *Program) print(text string) {
	if p.Print != nil {
		p.Print(text)
		return
	}
	// Nobody is there to be told if standard error can't be written to.
	_, _ = os.Stderr.WriteString("gkhi: failpoint: " + text + "\n")
}
