package gkhi_test

import (
	"io/fs"
	"os/exec"
	"path"
	"strings"
	"testing"

	"github.com/gkhi/gkhi"
)

// TestSource looks for each file that the runtime part of gkhi build is made of, wherever points work.
func TestSource(t *testing.T) {
	const module = "github.com/gkhi/gkhi"
	for _, arch := range []string{"amd64", "arm64"} {
		cmd := exec.Command("go", "list", "-deps",
			"-f", `{{$p := .ImportPath}}{{range .GoFiles}}{{$p}}/{{.}}{{"\n"}}{{end}}{{range .SFiles}}{{$p}}/{{.}}{{"\n"}}{{end}}`+
				`{{range .HFiles}}{{$p}}/{{.}}{{"\n"}}{{end}}`, "./internal/funcserve/auto")
		cmd.Env = append(cmd.Environ(), "GOOS=linux", "GOARCH="+arch, "CGO_ENABLED=0")
		out, err := cmd.Output()
		if err != nil {
			t.Fatal(err)
		}
		found := 0
		for file := range strings.Lines(string(out)) {
			file, ours := strings.CutPrefix(strings.TrimSpace(file), module+"/")
			if !ours {
				continue
			}
			found++
			if _, err := fs.Stat(gkhi.Source(), file); err != nil {
				t.Errorf("linux/%s: %v; source.go should name %s/*%s", arch, err, path.Dir(file), path.Ext(file))
			}
		}
		if found < 50 {
			t.Errorf("linux/%s: only %d files looked for", arch, found)
		}
	}
}
