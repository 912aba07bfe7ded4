package toolexec

import (
	"bytes"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// TestFallback has a compiler that can't compile points, or not even the runtime part.
func TestFallback(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the compiler of this test is a shell script")
	}
	for _, tt := range []struct {
		name, pkg, refuses string
		compiled           string // how the output came to be
		warning, err       string
	}{
		{"a library", "example.com/lib", "gkhi_words", "plain", "example.com/lib stays without points", ""},
		{"a command", "main", "gkhi_words", "with the runtime part", "example.com/lib stays without points", ""},
		{"a command that can't have the runtime part", "main", "gkhi_", "plain", "", "with the runtime part of gkhi it does not compile: exit status 3\nno such luck"},
		{"nothing wrong", "main", "-never", "with points", "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			write := func(name, text string, mode os.FileMode) string {
				t.Helper()
				name = filepath.Join(dir, name)
				if err := os.WriteFile(name, []byte(text), mode); err != nil {
					t.Fatal(err)
				}
				return name
			}
			out := filepath.Join(dir, "out.a")
			tool := write("compile", "#!/bin/sh\ncase \"$*\" in *"+tt.refuses+"*) echo no such luck; exit 3;; esac\ncase \"$*\" in\n"+
				"*gkhi_words*) echo with points ;;\n*gkhi_runtime*) echo with the runtime part ;;\n*) echo plain ;;\nesac >"+filepath.Join(dir, "how")+
				"\nprintf '!<arch>\\n' >"+out+"\n", 0o700)
			source := write("a.go", "package x\n\nfunc F() { for { F(); F() } }\n", 0o600)
			config := write("importcfg", "", 0o600)
			var stderr bytes.Buffer
			r := &Runner{
				Plan: &Plan{
					Patterns: []string{"..."}, Runtime: "gkhi/rt",
					Export: map[string]string{"internal/runtime/atomic": "a", "gkhi/rt": "b", exitHooks: "c"},
				},
				ImportPath: "example.com/lib", Stdout: &bytes.Buffer{}, Stderr: &stderr,
			}
			err := r.Run(tool, []string{"-o", out, "-p", tt.pkg, "-importcfg", config, "-pack", Flag + "=" + withPoints + withRuntime + "-0", source})
			if tt.err == "" && err != nil || tt.err != "" && (err == nil || !strings.Contains(err.Error(), tt.err)) {
				t.Errorf("error %v, want %q", err, tt.err)
			}
			how, err := os.ReadFile(filepath.Join(dir, "how"))
			if err != nil || strings.TrimSpace(string(how)) != tt.compiled {
				t.Errorf("it is compiled %s (%v), want %s", how, err, tt.compiled)
			}
			if tt.warning == "" && stderr.Len() > 0 || !strings.Contains(stderr.String(), tt.warning) {
				t.Errorf("it says %q, want %q", &stderr, tt.warning)
			}
		})
	}
}
