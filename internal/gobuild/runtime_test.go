package gobuild

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestVendored(t *testing.T) {
	dir := t.TempDir()
	pkgs := []*pkg{{ImportPath: "fmt", Dir: "/go/src/fmt"}, {ImportPath: modulePath, Dir: filepath.Join(dir, "vendor", modulePath)}}
	const path = modulePath + hooksRuntime
	if err := vendored(path, pkgs); err == nil || !strings.Contains(err.Error(), `import _ "github.com/gkhi/gkhi/autoserve"`) {
		t.Errorf("without the package: %v", err)
	}
	if err := vendored("", pkgs); err != nil {
		t.Errorf("without a socket: %v", err)
	}
	if err := os.MkdirAll(filepath.Join(dir, "vendor", path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := vendored(path, pkgs); err != nil {
		t.Errorf("with the package: %v", err)
	}
	pkgs[1].Dir = filepath.Join(dir, "elsewhere")
	if err := vendored(path, pkgs); err != nil {
		t.Errorf("with GKHI elsewhere: %v", err)
	}
}
