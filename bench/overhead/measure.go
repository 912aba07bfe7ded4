package main

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
)

// A layout is a program whose functions lie in an order of their own.
type layout struct {
	exe   string
	least map[string]float64 // ns of each benchmark, of the quickest run
}

// measure runs the module's benchmarks once in each layout of each way, in another order each round.
func (p *pair) measure(round int, o options) error {
	all := slices.Concat(p.built[plain].layouts, p.built[hooked].layouts)
	rand.New(rand.NewPCG(uint64(round), 0)).Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	for _, l := range all {
		if err := p.run(l, o); err != nil {
			return err
		}
	}
	return nil
}

// run runs the module's benchmarks in one layout.
func (p *pair) run(l *layout, o options) error {
	benchtime := o.benchtime.String()
	if o.quick {
		benchtime = "1x"
	}
	count := o.count
	if p.count > 0 {
		count = min(count, p.count)
	}
	cmd := exec.Command(l.exe, "-test.run=^$", "-test.bench="+p.bench, "-test.benchtime="+benchtime,
		"-test.count="+strconv.Itoa(count), "-test.cpu=1")
	cmd.Dir = p.dir
	cmd.Env = append(os.Environ(), "GKHI_SERVE=off", "GOGC=off") // each run begins with a collection
	if info, err := os.Stat("/dev/shm"); err == nil && info.IsDir() {
		cmd.Env = append(cmd.Env, "TMPDIR=/dev/shm") // a disk would be slower than what is measured, and less even
	}
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("%w\n%s%s", err, out, errs.Bytes())
	}
	found := 0
	for line := range strings.Lines(string(out)) {
		name, ns, ok := parseLine(line)
		if !ok {
			continue
		}
		found++
		if !slices.Contains(p.order, name) {
			p.order = append(p.order, name)
		}
		if least, ok := l.least[name]; !ok || ns < least {
			l.least[name] = ns
		}
	}
	if found == 0 {
		return fmt.Errorf("no benchmark matches %s:\n%s", p.bench, out)
	}
	return nil
}

// parseLine reads "BenchmarkName 	 100 	 12.3 ns/op …".
func parseLine(line string) (name string, ns float64, ok bool) {
	f := strings.Fields(line)
	if len(f) < 4 || !strings.HasPrefix(f[0], "Benchmark") || f[3] != "ns/op" {
		return "", 0, false
	}
	ns, err := strconv.ParseFloat(f[2], 64)
	return strings.TrimPrefix(f[0], "Benchmark"), ns, err == nil && ns > 0
}
