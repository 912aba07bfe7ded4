package toolexec

import (
	"bytes"
	"fmt"
	"os"
	"strings"
)

// packageFiles returns the archives that an import configuration names, by
// import path, in its order.
func packageFiles(cfg []byte) (paths []string, files map[string]string) {
	files = map[string]string{}
	for line := range strings.Lines(string(cfg)) {
		spec, ok := strings.CutPrefix(strings.TrimSpace(line), "packagefile ")
		if !ok {
			continue
		}
		if path, file, ok := strings.Cut(spec, "="); ok {
			paths = append(paths, path)
			files[path] = file
		}
	}
	return paths, files
}

// addImports writes the import configuration that args name, with more packages, to
// a file called name, and returns that.
func (r *Runner) addImports(args []string, name string, imports []string) (string, error) {
	var cfg []byte
	if old, ok := flagSet(args).value("importcfg"); ok {
		var err error
		if cfg, err = os.ReadFile(old); err != nil {
			return "", err
		}
	}
	_, have := packageFiles(cfg)
	b := bytes.NewBuffer(cfg)
	for _, path := range imports {
		if have[path] != "" {
			continue
		}
		file := r.Plan.Export[path]
		if file == "" {
			return "", fmt.Errorf("the plan of the build doesn't know where package %s is", path)
		}
		fmt.Fprintf(b, "packagefile %s=%s\n", path, file)
	}
	return name, os.WriteFile(name, b.Bytes(), 0o600)
}
