package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Counts is the sum of one run.
type Counts struct {
	Passed  int `json:"passed"`
	Failed  int `json:"failed"`
	Skipped int `json:"skipped"`

	// Skips counts the skipped tests by reason.
	Skips map[string]int `json:"skips,omitempty"`
	// Failures names what failed, as "package" or "package.Test".
	Failures []string `json:"failures,omitempty"`
}

// fail counts a failure of what is named.
func (c *Counts) fail(name string) {
	c.Failed++
	c.Failures = append(c.Failures, name)
}

// skip counts a skipped test.
func (c *Counts) skip(reason string) {
	if c.Skips == nil {
		c.Skips = make(map[string]int)
	}
	c.Skipped++
	c.Skips[reason]++
}

// write stores the counts in a file.
func (c *Counts) write(name string) error {
	b, err := json.MarshalIndent(c, "", "\t")
	if err != nil {
		return err
	}
	return os.WriteFile(name, append(b, '\n'), 0o666)
}

// read loads what write stored.
func read(name string) (c Counts, err error) {
	b, err := os.ReadFile(name)
	if err != nil {
		return c, err
	}
	if err := json.Unmarshal(b, &c); err != nil {
		return c, fmt.Errorf("%s: not a file that testsum wrote: %w", name, err)
	}
	return c, nil
}

// printTotal adds up the runs stored in files and returns the number of
// failures. A run is named after its file.
func printTotal(w io.Writer, files []string) (failed int, err error) {
	var sum Counts
	runs := make(map[string][]string) // reason → runs that skipped for it
	for _, file := range files {
		c, err := read(file)
		if err != nil {
			return 0, err
		}
		run := strings.TrimSuffix(filepath.Base(file), ".json")
		sum.Passed += c.Passed
		for _, name := range c.Failures {
			sum.fail(run + ": " + name)
		}
		for _, reason := range slices.Sorted(maps.Keys(c.Skips)) {
			for range c.Skips[reason] {
				sum.skip(reason)
			}
			runs[reason] = append(runs[reason], run)
		}
	}

	if sum.Failed > 0 {
		fmt.Fprintf(w, "failures: %d\n", sum.Failed)
		for _, name := range sum.Failures {
			fmt.Fprintf(w, "  %s\n", name)
		}
	}
	fmt.Fprintf(w, "skips: %d\n", sum.Skipped)
	for _, reason := range slices.Sorted(maps.Keys(sum.Skips)) {
		fmt.Fprintf(w, "  %d × %s (in %s)\n", sum.Skips[reason], reason, strings.Join(runs[reason], ", "))
	}
	_, err = fmt.Fprintf(w, "%d passed, %d failed, %d skipped\n", sum.Passed, sum.Failed, sum.Skipped)
	return sum.Failed, err
}
