package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
)

// A benchmark has its times, in ns, without points and with them, some for each round.
type benchmark struct{ ns [2][]float64 }

// measure runs the module's benchmarks once each way, beginning with another way each round.
func (p *pair) measure(round int, o options) error {
	for i := range 2 {
		way := (round + i) % 2
		benchtime := o.benchtime.String()
		if o.quick {
			benchtime = "1x"
		}
		count := o.count
		if p.count > 0 {
			count = min(count, p.count)
		}
		cmd := exec.Command(p.exe[way], "-test.run=^$", "-test.bench="+p.subject.bench, "-test.benchtime="+benchtime,
			"-test.count="+strconv.Itoa(count), "-test.cpu=1")
		cmd.Dir = p.dir
		cmd.Env = append(os.Environ(), "GKHI_SERVE=off")
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
			b := p.bench[name]
			if b == nil {
				b = &benchmark{}
				p.bench[name] = b
				p.order = append(p.order, name)
			}
			b.ns[way] = append(b.ns[way], ns)
		}
		if found == 0 {
			return fmt.Errorf("no benchmark matches %s:\n%s", p.subject.bench, out)
		}
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
