// Command sites measures what sites cost, dormant, armed and while they are patched, and says which of the
// project's targets are met:
//
//	go -C bench run ./sites              tables for people
//	go -C bench run ./sites -json        one JSON object a line: the machine, then each figure
//	go -C bench run ./sites -quick       few sites, every case once; the figures mean little
//	go -C bench run ./sites -toggles     only what toggling a site costs
//	go -C bench run ./sites -write ../docs/costs.md
//	                                     puts the tables into the document, between its marks
//
// Some targets speak of thousands of sites. This command writes a program that has them, compiles it with
// ./measured and runs that, with the arguments passed on. Dormant sites are measured in several programs that differ in the order
// of their functions, and in where each begins (the linker's -randlayout and -funcalign): see bench/overhead. It takes two minutes.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

func main() {
	status, err := run(os.Args[1:], os.Stdout, os.Stderr)
	if err != nil {
		fmt.Fprintln(os.Stderr, "sites:", err)
	}
	os.Exit(status)
}

// measured is the program that is generated for the most part.
const measured = "github.com/gkhi/gkhi/bench/sites/measured"

func run(args []string, stdout, stderr io.Writer) (status int, err error) {
	n := full
	if slices.Contains(args, "-quick") || slices.Contains(args, "--quick") {
		n = small
	}
	dir, err := os.MkdirTemp("", "gkhi-sites")
	if err != nil {
		return 1, err
	}
	defer os.RemoveAll(dir)
	w := workshop{dir: dir, stderr: stderr}
	if err := w.write(n); err != nil {
		return 1, err
	}
	program, err := w.build("measured")
	if err != nil {
		return 1, err
	}
	if n == full && !slices.ContainsFunc(args, func(s string) bool { return strings.TrimLeft(s, "-") == "toggles" }) {
		var others []string
		for seed := range layouts {
			other, err := w.build(fmt.Sprint("layout", seed+1), fmt.Sprintf("-ldflags=-randlayout=%d -funcalign=1", seed+1))
			if err != nil {
				return 1, err
			}
			others = append(others, other)
		}
		args = append([]string{"-layouts", strings.Join(others, ",")}, args...)
	}
	cmd := exec.Command(program, args...)
	cmd.Stdout, cmd.Stderr = stdout, stderr
	err = cmd.Run()
	var failed *exec.ExitError
	if errors.As(err, &failed) {
		return max(1, failed.ExitCode()), nil // it has said why
	}
	return 0, err
}

// layouts is in how many orders of their functions dormant sites are measured.
const layouts = 16

// A workshop is where the measured program is built.
type workshop struct {
	dir    string
	stderr io.Writer
}

// write writes the part of the program that is generated, and what puts it in the place of the small one.
func (w workshop) write(n sizes) error {
	list := exec.Command("go", "list", "-f", "{{.Dir}}", measured)
	list.Stderr = w.stderr
	at, err := list.Output()
	if err != nil {
		return fmt.Errorf("find the package to measure: go list: %w", err)
	}
	source, err := generate(n)
	if err != nil {
		return err
	}
	generated := filepath.Join(w.dir, "generated.go")
	if err := os.WriteFile(generated, source, 0o644); err != nil {
		return err
	}
	replace := map[string]string{filepath.Join(string(at[:len(at)-1]), "generated.go"): generated}
	overlay, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return err
	}
	return os.WriteFile(w.overlay(), overlay, 0o644)
}

func (w workshop) overlay() string { return filepath.Join(w.dir, "overlay.json") }

// build compiles and links the program. What was compiled before is in the go command's cache; without -trimpath the linker's flags would be
// a part of that.
func (w workshop) build(name string, flags ...string) (program string, err error) {
	program = filepath.Join(w.dir, name)
	build := exec.Command("go", append(append([]string{"build", "-trimpath", "-overlay", w.overlay(), "-o", program}, flags...), measured)...)
	build.Stdout, build.Stderr = w.stderr, w.stderr
	if err := build.Run(); err != nil {
		return "", fmt.Errorf("build %s: %w", measured, err)
	}
	return program, nil
}
