package main

import (
	"bytes"
	"strings"
	"testing"
)

func TestQuick(t *testing.T) {
	var out bytes.Buffer
	if err := run([]string{"-quick"}, &out); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(out.String(), "\n| "); n != len(cases) {
		t.Errorf("%d rows of %d:\n%s", n, len(cases), out.String())
	}
	if !strings.Contains(out.String(), "2 ms |") || strings.Contains(out.String(), "| 0 % |") {
		t.Errorf("nothing was sent:\n%s", out.String())
	}
}
