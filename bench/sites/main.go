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
// ./measured and runs that, with the arguments passed on. It takes a minute, most of it the compiler's.
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
	program, err := build(dir, n, stderr)
	if err != nil {
		return 1, err
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

// build compiles the measured program with so many sites into dir.
func build(dir string, n sizes, stderr io.Writer) (program string, err error) {
	list := exec.Command("go", "list", "-f", "{{.Dir}}", measured)
	list.Stderr = stderr
	at, err := list.Output()
	if err != nil {
		return "", fmt.Errorf("find the package to measure: go list: %w", err)
	}
	source, err := generate(n)
	if err != nil {
		return "", err
	}
	generated := filepath.Join(dir, "generated.go")
	if err := os.WriteFile(generated, source, 0o644); err != nil {
		return "", err
	}
	replace := map[string]string{filepath.Join(string(at[:len(at)-1]), "generated.go"): generated}
	overlay, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return "", err
	}
	if err := os.WriteFile(filepath.Join(dir, "overlay.json"), overlay, 0o644); err != nil {
		return "", err
	}
	program = filepath.Join(dir, "measured")
	build := exec.Command("go", "build", "-overlay", filepath.Join(dir, "overlay.json"), "-o", program, measured)
	build.Stdout, build.Stderr = stderr, stderr
	if err := build.Run(); err != nil {
		return "", fmt.Errorf("build %s: %w", measured, err)
	}
	return program, nil
}
