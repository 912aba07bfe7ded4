// Command functions measures what it takes to arm the functions of a program that gkhi build made: it writes
// one with 20,000 of them, builds and starts it, and has all armed and disarmed again, through the
// control socket as any gkhi command does it:
//
//	go -C bench run ./functions              a table for people
//	go -C bench run ./functions -quick       a few functions, once; the figures mean nothing
//	go -C bench run ./functions -write ../docs/costs.md
//	                                         puts the table into the document, between its marks
package main

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gkhi/gkhi/bench/internal/measure"
	"github.com/gkhi/gkhi/internal/control/client"
	"github.com/gkhi/gkhi/internal/control/wire"
)

func main() {
	if err := run(os.Args[1:], os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "functions:", err)
		os.Exit(1)
	}
}

func run(args []string, stdout, stderr io.Writer) error {
	flags := flag.NewFlagSet("functions", flag.ContinueOnError)
	flags.SetOutput(stderr)
	quick := flags.Bool("quick", false, "a few functions, once")
	write := flags.String("write", "", "put the table into this document")
	if err := flags.Parse(args); err != nil {
		return err
	}
	packages, each, rounds := 20, 1000, 15
	if *quick {
		packages, each, rounds = 2, 10, 1
	}
	dir, err := os.MkdirTemp("", "gkhi-functions-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	exe, err := build(dir, packages, each)
	if err != nil {
		return err
	}
	var b strings.Builder
	fmt.Fprintf(&b, "`go -C bench run ./functions -write ../docs/costs.md`: a program with %d functions that gkhi build made, all armed at once by `gkhi stat` (calls counted and timed), %d times.\n\n", packages*each, 2*rounds)
	machine := measure.ThisMachine()
	machine.Sites = "" // those measured are in another process
	fmt.Fprintf(&b, "Machine: %s.\n\n", machine)
	b.WriteString("| ms, from request to answer | min | median | first | target |\n|---|---:|---:|---:|---|\n")
	for _, hot := range []int{0, 2} {
		arm, disarm, last, err := times(dir, exe, hot, rounds, packages*each)
		if err != nil {
			return err
		}
		with := "idle"
		if hot > 0 {
			with = fmt.Sprintf("%d threads calling them", hot)
		}
		const limit = 60 * time.Millisecond
		target := "≤ 60 ms: met"
		switch {
		case slices.Sorted(slices.Values(arm))[len(arm)/2] > limit:
			target = "≤ 60 ms: missed"
		case arm[0] > limit: // which reads the site table, and makes all that arming needs
			target = "≤ 60 ms: met, but not the first time"
		}
		row(&b, "arm, "+with, arm, target)
		const soon = 100 * time.Millisecond
		target = "≤ 100 ms: met"
		if slices.Sorted(slices.Values(disarm))[len(disarm)/2] > soon {
			target = "≤ 100 ms: missed"
		}
		row(&b, "disarm, "+with, disarm, target)
		row(&b, "disarm and send the last figures, "+with, last, "")
	}
	with, without, err := starts(dir, exe, 10*rounds)
	if err != nil {
		return err
	}
	row(&b, "start to end of a program that does nothing, without points", without, "")
	verdict := "≤ 2 ms more: met"
	if slices.Min(with)-slices.Min(without) > 2*time.Millisecond {
		verdict = "≤ 2 ms more: missed"
	}
	row(&b, "the same with points, serving its control socket", with, verdict)
	if *write != "" {
		return measure.WriteInto(*write, "bench/functions", b.String())
	}
	_, err = io.WriteString(stdout, b.String())
	return err
}

func row(b *strings.Builder, what string, ts []time.Duration, target string) {
	first := ts[0]
	s := slices.Sorted(slices.Values(ts))
	ms := func(t time.Duration) string { return measure.Figure(t.Seconds() * 1000) }
	fmt.Fprintf(b, "| %s | %s | %s | %s | %s |\n", what, ms(s[0]), ms(s[len(s)/2]), ms(first), target)
}

// build writes the program and has gkhi build it.
func build(dir string, packages, each int) (exe string, err error) {
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/gkhi/gkhi").Output()
	if err != nil {
		return "", fmt.Errorf("find gkhi's module: %w", err)
	}
	gkhi := filepath.Join(dir, "gkhi")
	if err := command(strings.TrimSpace(string(out)), "go", "build", "-o", gkhi, "./cmd/gkhi"); err != nil {
		return "", err
	}
	src := filepath.Join(dir, "src")
	files := map[string]string{"go.mod": "module example.com/many\n\ngo 1.26\n"}
	var imports, calls strings.Builder
	for p := range packages {
		var b strings.Builder
		fmt.Fprintf(&b, "package p%d\n\n", p)
		for f := range each {
			fmt.Fprintf(&b, "//go:noinline\nfunc F%d(n int) (s int) {\n\tfor i := range n {\n\t\tif i == %d {\n\t\t\treturn s + i\n\t\t}\n\t\ts += i\n\t}\n\treturn s\n}\n\n", f, f%5+3)
		}
		b.WriteString("func All(n int) (s int) {\n")
		for f := range each {
			fmt.Fprintf(&b, "\ts += F%d(n)\n", f)
		}
		b.WriteString("\treturn s\n}\n")
		files[fmt.Sprintf("p%d/p.go", p)] = b.String()
		fmt.Fprintf(&imports, "\t\"example.com/many/p%d\"\n", p)
		fmt.Fprintf(&calls, "\t\tp%d.All(2)\n", p)
	}
	files["main.go"] = fmt.Sprintf(`package main

import (
	"fmt"
	"io"
	"os"
	"strconv"

%s)

func work() {
	for {
%s	}
}

func main() {
	hot, err := strconv.Atoi(os.Args[1])
	if err != nil {
		panic(err)
	}
	for range hot {
		go work()
	}
	fmt.Println("ready")
	io.Copy(io.Discard, os.Stdin)
}
`, imports.String(), calls.String())
	for name, text := range files {
		name = filepath.Join(src, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			return "", err
		}
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			return "", err
		}
	}
	exe = filepath.Join(dir, "many")
	if err := command(src, "go", "build", "-o", exe+plainSuffix, "."); err != nil {
		return "", err
	}
	return exe, command(src, gkhi, "build", "-o", exe, ".")
}

// plainSuffix is what the program without points has behind its name.
const plainSuffix = "-plain"

// starts runs the program that does nothing, with points and without by turns, and returns how long it takes from
// start to end.
func starts(dir, exe string, rounds int) (with, without []time.Duration, err error) {
	for range rounds {
		for _, p := range []struct {
			exe  string
			took *[]time.Duration
		}{{exe, &with}, {exe + plainSuffix, &without}} {
			cmd := exec.Command(p.exe, "0") // its input is empty, so it ends
			cmd.Env = append(os.Environ(), "GKHI_SOCKET_DIR="+filepath.Join(dir, "sockets"))
			start := time.Now()
			if err := cmd.Run(); err != nil {
				return nil, nil, err
			}
			*p.took = append(*p.took, time.Since(start))
		}
	}
	return with, without, nil
}

func command(dir, name string, args ...string) error {
	cmd := exec.Command(name, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOWORK=off", "PWD="+dir)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", filepath.Base(name), err, out)
	}
	return nil
}

// times starts the program and arms all of its functions again and again.
// last is how long it takes to end with the figures of all functions that were called.
func times(dir, exe string, hot, rounds, least int) (arm, disarm, last []time.Duration, err error) {
	cmd := exec.Command(exe, strconv.Itoa(hot))
	sockets := filepath.Join(dir, "sockets")
	cmd.Env = append(os.Environ(), "GKHI_SOCKET_DIR="+sockets)
	os.Setenv("GKHI_SOCKET_DIR", sockets)
	in, err1 := cmd.StdinPipe()
	out, err2 := cmd.StdoutPipe()
	cmd.Stderr = os.Stderr
	if err1 != nil || err2 != nil {
		return nil, nil, nil, fmt.Errorf("%w %w", err1, err2)
	}
	if err := cmd.Start(); err != nil {
		return nil, nil, nil, err
	}
	defer func() {
		in.Close()
		cmd.Wait()
	}()
	if _, err := bufio.NewReader(out).ReadString('\n'); err != nil {
		return nil, nil, nil, err
	}
	for i := range 2 * rounds {
		took, ended, err := once(cmd.Process.Pid, least, i%2 == 1)
		if err != nil {
			return nil, nil, nil, err
		}
		arm = append(arm, took)
		if i%2 == 1 {
			last = append(last, ended)
		} else {
			disarm = append(disarm, ended)
		}
		time.Sleep(50 * time.Millisecond)
	}
	return arm, disarm, last, nil
}

// once arms all functions of a process and disarms them again, with the last figures or without.
func once(pid, least int, last bool) (arm, disarm time.Duration, err error) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	c, err := client.Dial(ctx, strconv.Itoa(pid))
	if err != nil {
		return 0, 0, err
	}
	defer c.Close()
	start := time.Now()
	s, err := c.Stat(ctx, wire.StatSpec{Patterns: []string{"example.com/*"}, Interval: int64(time.Hour)})
	if err != nil {
		return 0, 0, err
	}
	arm = time.Since(start)
	if s.Matched.Functions < least {
		return 0, 0, fmt.Errorf("%d functions are armed, of %d", s.Matched.Functions, least)
	}
	start = time.Now()
	if !last {
		err = s.Close()
		return arm, time.Since(start), err
	}
	cancel()
	for _, err := range s.Snapshots() {
		if err != nil {
			return 0, 0, err
		}
	}
	return arm, time.Since(start), nil
}
