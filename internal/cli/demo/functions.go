package demo

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/gkhi/gkhi/internal/cli/draw"
	"github.com/gkhi/gkhi/internal/control"
	"github.com/gkhi/gkhi/internal/control/client"
	"github.com/gkhi/gkhi/internal/control/wire"
)

// The second act's program: a well-known one, as the module proxy has it, with nothing of GKHI in it.
const (
	someModule  = "go.etcd.io/bbolt"
	someVersion = "v1.5.0"
	someProgram = someModule + "/cmd/bbolt"
)

// functions builds somebody else's program with points and looks into it.
func (d *demo) functions(ctx context.Context) error {
	d.part("Any Go program, function by function")
	d.say("bbolt's command is one that knows nothing of GKHI. gkhi build is go build with a")
	d.say("point, a no-op, at the entry and the returns of functions. No source changes.")
	if runtime.GOOS != "linux" || runtime.GOARCH != "amd64" && runtime.GOARCH != "arm64" {
		d.say("Points work on linux/amd64 and linux/arm64; this is %s/%s, so that is left out.", runtime.GOOS, runtime.GOARCH)
		return nil
	}
	dir := filepath.Join(d.dir, "some")
	if err := os.Mkdir(dir, 0o700); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "go.mod"), []byte("module some\n\ngo 1.24\n"), 0o600); err != nil {
		return err
	}
	get := exec.CommandContext(ctx, "go", "get", someProgram+"@"+someVersion)
	get.Dir = dir
	get.Env = append(os.Environ(), "PWD="+dir, "GOWORK=off", "GOFLAGS=")
	d.command(strings.Join(get.Args, " "))
	if out, err := get.CombinedOutput(); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		d.say("The module can't be had here, so this part is left out: %s", draw.Safe(lastLine(out)))
		return nil
	}
	plain, hooked := filepath.Join(d.dir, "bbolt"), filepath.Join(d.dir, "bbolt-points")
	build := exec.CommandContext(ctx, "go", "build", "-C", dir, "-o", plain, someProgram)
	build.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=")
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("go build %s: %w\n%s", someProgram, err, out)
	}
	start := time.Now()
	defer setenv("GOWORK", "off")()
	defer setenv("GOFLAGS", "")()
	if err := d.gkhi(ctx, "build", "-C", dir, "-hooks", someModule+"/...", "-o", hooked, someProgram); err != nil {
		return err
	}
	d.say("Built in %.1fs. Its own benchmark writes pairs of 40 bytes and reads them.", time.Since(start).Seconds())
	if err := d.functionCost(ctx, plain, hooked); err != nil {
		return err
	}
	return d.lookInto(ctx, hooked)
}

func lastLine(text []byte) string {
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	return lines[len(lines)-1]
}

// bench is a run of the program's own benchmark.
func (d *demo) bench(ctx context.Context, exe string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, exe, append([]string{"bench"}, args...)...)
	cmd.Env = append(os.Environ(), "TMPDIR="+d.dir) // where its file is
	return cmd
}

// lookInto shows which functions the benchmark spends its time in, and who calls whom.
func (d *demo) lookInto(ctx context.Context, hooked string) error {
	// Small batches, each of which waits for the disk: it goes on for longer than we look, however fast the machine is.
	cmd := d.bench(ctx, hooked, "--count", "5000000", "--batch-size", "20")
	if err := cmd.Start(); err != nil {
		return err
	}
	defer func() {
		cmd.Process.Kill() //nolint:errcheck // it has ended
		cmd.Wait()         //nolint:errcheck // killed
	}()
	d.part("Where does the time go?")
	pid := strconv.Itoa(cmd.Process.Pid)
	if err := waitFor(ctx, pid); err != nil {
		return err
	}
	if err := d.gkhi(ctx, "stat", pid, someModule+"*", "-d", d.pace.fail.String(), "-i", "1m", "--top", "8"); err != nil {
		return err
	}
	if err := d.gkhi(ctx, "trace", pid, someModule+".(*Tx).Commit", someModule+".(*Bucket).spill", someModule+".(*node).write", someModule+".(*Tx).write*", "-n", "14"); err != nil {
		return err
	}
	return d.record(ctx, pid)
}

// record writes down what the program does and shows it as a report.
func (d *demo) record(ctx context.Context, pid string) error {
	d.part("Record it, look later")
	file := filepath.Join(d.dir, "bbolt.rec")
	if err := d.gkhi(ctx, "record", pid, someModule+"*", "-d", d.pace.stat.String(), "--min-duration", "20us", "-o", file); err != nil {
		return err
	}
	if err := d.gkhi(ctx, "report", file, "--top", "8", "--sort", "self"); err != nil {
		return err
	}
	page := d.opts.Page
	if page == "" {
		page = filepath.Join(d.dir, "bbolt.html")
	}
	if err := d.gkhi(ctx, "report", file, "--format", "html", "-o", page); err != nil {
		return err
	}
	info, err := os.Stat(page)
	if err != nil {
		return err
	}
	d.say("The page, %s with flame graph, timeline and latencies, is for a browser.", draw.Bytes(info.Size()))
	if d.opts.Page == "" {
		d.say("It goes with the folder; gkhi demo --page FILE keeps it.")
	}
	return nil
}

// waitFor waits until a process can be talked to.
func waitFor(ctx context.Context, pid string) error {
	for end := time.Now().Add(startTimeout); ; {
		c, err := client.Dial(ctx, pid)
		if err == nil {
			return c.Close()
		}
		if time.Now().After(end) || ctx.Err() != nil {
			return errors.Join(err, ctx.Err())
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// functionCost compares the program's own benchmark without points, with dormant ones, and with all armed.
func (d *demo) functionCost(ctx context.Context, plain, hooked string) error {
	names := []string{"built without points", "dormant", "every function armed", "dormant again", "without points, again"}
	writes, reads := make([][]float64, len(names)), make([][]float64, len(names))
	for round := range d.pace.functionRounds + 1 {
		for v := range names {
			exe := hooked
			if v == 0 || v == len(names)-1 {
				exe = plain
			}
			w, r, err := d.benchOnce(ctx, exe, v == 2)
			if err != nil {
				return err
			}
			if round > 0 {
				writes[v], reads[v] = append(writes[v], w), append(reads[v], r)
			}
		}
	}
	t := draw.Table{Title: d.style.Title, Columns: []draw.Column{
		{}, {Title: "WRITES", Right: true}, {Title: "CHANGE", Right: true}, {Title: "READS", Right: true}, {Title: "CHANGE", Right: true},
	}}
	for v, name := range names {
		row := []string{name, draw.Rate(median(writes[v])) + "/s", "", draw.Rate(median(reads[v])) + "/s", ""}
		if v > 0 {
			row[2], row[4] = change(writes[v], writes[0]), change(reads[v], reads[0])
		}
		t.Row(row...)
	}
	d.lines(t.Lines(0))
	d.say("Medians of %d rounds of the benchmark that bbolt comes with.", d.pace.functionRounds)
	return nil
}

var perSecond = regexp.MustCompile(`(?m)^# (Write|Read)\t.*\((\d+) op/sec\)`)

// benchOnce runs the benchmark and returns its writes and reads a second. With arm all its functions' calls are counted
// and timed, from before it begins.
func (d *demo) benchOnce(ctx context.Context, exe string, arm bool) (writes, reads float64, err error) {
	cmd := d.bench(ctx, exe, "--no-sync", "--count", strconv.Itoa(d.pace.count), "--batch-size", "10000")
	hold := filepath.Join(d.dir, "hold")
	if arm {
		if err := os.MkdirAll(hold, 0o700); err != nil {
			return 0, 0, err
		}
		cmd.Env = append(cmd.Env, control.HoldEnv+"="+hold)
	}
	var out strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		return 0, 0, err
	}
	var stat *client.Stat
	if arm {
		stat, err = armHeld(ctx, cmd.Process.Pid, hold)
	}
	err = errors.Join(err, cmd.Wait())
	if stat != nil {
		stat.Close() //nolint:errcheck // the process has ended
	}
	if err != nil {
		return 0, 0, fmt.Errorf("%s: %w\n%s", filepath.Base(exe), err, out.String())
	}
	for _, m := range perSecond.FindAllStringSubmatch(out.String(), -1) {
		n, err := strconv.ParseFloat(m[2], 64)
		if err != nil {
			return 0, 0, err
		}
		if m[1] == "Write" {
			writes = n
		} else {
			reads = n
		}
	}
	if writes == 0 || reads == 0 {
		return 0, 0, fmt.Errorf("%s prints no rates:\n%s", filepath.Base(exe), out.String())
	}
	return writes, reads, nil
}

// armHeld arms all functions of a process that waits to be let go.
func armHeld(ctx context.Context, pid int, hold string) (*client.Stat, error) {
	defer os.Remove(filepath.Join(hold, strconv.Itoa(pid))) //nolint:errcheck // it may have ended
	if err := waitFor(ctx, strconv.Itoa(pid)); err != nil {
		return nil, err
	}
	c, err := client.Dial(ctx, strconv.Itoa(pid))
	if err != nil {
		return nil, err
	}
	return c.Stat(ctx, wire.StatSpec{Patterns: []string{someModule + "*"}, Interval: int64(time.Minute)})
}
