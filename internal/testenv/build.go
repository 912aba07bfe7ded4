package testenv

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// A BuildSpec says what [BuildWith] compiles. Two equal specs are compiled once.
type BuildSpec struct {
	Pkg   string   // a package path, or a folder such as ./testdata/fixture
	Flags []string // flags of go build, such as -ldflags=-s
	Env   []string // added to the environment, such as GOARCH=arm64

	// Dir is the folder to build in, for a module of its own. Default: the
	// current one, which in a test is the folder of the package under test.
	Dir string
}

// key identifies the spec among those of one process.
func (s BuildSpec) key() string {
	return fmt.Sprintf("%q", []any{s.Pkg, s.Flags, s.Env, s.Dir})
}

// A built is one compiled program, or why it wasn't.
type built struct {
	dir  string // its own, made by go build
	once sync.Once
	path string
	err  error
}

// builds holds what this process has compiled, and where.
var builds struct {
	sync.Mutex
	dir string // made at first use, removed by Main
	m   map[string]*built
	// managed is whether Main runs, so that dir will be removed.
	managed bool
}

// errUnmanaged is what Build says to a package whose TestMain doesn't call Main.
var errUnmanaged = errors.New("testenv.Build needs " +
	"func TestMain(m *testing.M) { testenv.Main(m) } in this package: it removes what is built")

// Main runs the tests of a package that uses [Build], removes what was built,
// and exits. Call it from TestMain.
func Main(m *testing.M) {
	builds.Lock()
	builds.managed = true
	builds.Unlock()

	code := m.Run()

	builds.Lock()
	if builds.dir != "" {
		if err := os.RemoveAll(builds.dir); err != nil {
			fmt.Fprintln(os.Stderr, "testenv: removing what was built:", err)
			code = max(code, 1)
		}
	}
	builds.Unlock()
	os.Exit(code)
}

// Build compiles the command pkg with go build and the given flags, and returns
// the path of the program. The same package with the same flags is compiled
// once in a test process. A failed build fails the test with the compiler's
// output; a machine without the go command skips it.
//
// Build is safe for concurrent use. The calling package's TestMain must call
// [Main].
func Build(t testing.TB, pkg string, flags ...string) string {
	t.Helper()
	return BuildWith(t, BuildSpec{Pkg: pkg, Flags: flags})
}

// BuildWith is [Build] with all there is to say about the build.
func BuildWith(t testing.TB, spec BuildSpec) string {
	t.Helper()
	Need(t, GoCommand)

	b, err := entry(spec)
	if err != nil {
		t.Fatal(err)
	}
	b.once.Do(func() { b.path, b.err = compile(spec, b.dir) })
	if b.err != nil {
		t.Fatal(b.err)
	}
	return b.path
}

// entry returns the spec's place among the builds.
func entry(spec BuildSpec) (*built, error) {
	builds.Lock()
	defer builds.Unlock()
	if !builds.managed {
		return nil, errUnmanaged
	}
	if builds.dir == "" {
		dir, err := os.MkdirTemp("", "gkhi-test-")
		if err != nil {
			return nil, fmt.Errorf("making a folder for compiled programs: %w", err)
		}
		builds.dir, builds.m = dir, make(map[string]*built)
	}
	key := spec.key()
	b := builds.m[key]
	if b == nil {
		b = &built{dir: filepath.Join(builds.dir, strconv.Itoa(len(builds.m)))}
		builds.m[key] = b
	}
	return b, nil
}

// compile builds the spec's program in dir.
func compile(spec BuildSpec, dir string) (string, error) {
	out := filepath.Join(dir, programName(spec))
	args := slices.Concat([]string{"build", "-o", out}, spec.Flags, []string{spec.Pkg})
	cmd := exec.Command("go", args...)
	cmd.Dir = spec.Dir
	cmd.Env = append(cmd.Environ(), spec.Env...)
	if msg, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%s go %s: %w\n%s",
			strings.Join(spec.Env, " "), strings.Join(args, " "), err, msg)
	}
	return out, nil
}

// programName returns a file name for the spec's program: the package's last
// element, so that the program shows under its own name in ps and in its own
// messages.
func programName(spec BuildSpec) string {
	name := path.Base(filepath.ToSlash(spec.Pkg))
	if name == "." || name == ".." || name == "/" {
		name = "program"
	}
	if goos(spec.Env) == "windows" {
		name += ".exe"
	}
	return name
}

// goos returns the operating system that env builds for.
func goos(env []string) string {
	for _, kv := range slices.Backward(env) {
		if v, ok := strings.CutPrefix(kv, "GOOS="); ok {
			return v
		}
	}
	return runtime.GOOS
}
