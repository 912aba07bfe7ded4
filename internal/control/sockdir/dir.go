package sockdir

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
)

// EnvDir is the environment variable that overrides the directory, for the program and for the command alike.
const EnvDir = "GKHI_SOCKET_DIR"

// Candidates returns the directories in which this user's sockets may be, the one that [Dir] would choose first. They need not
// exist. The command looks into all of them, since a service often has another environment than the shell from which it
// is looked at.
func Candidates() []string {
	var dirs []string
	add := func(dir string) {
		if !slices.Contains(dirs, dir) {
			dirs = append(dirs, dir)
		}
	}
	if dir := os.Getenv(EnvDir); dir != "" {
		if abs, err := filepath.Abs(dir); err == nil {
			dir = abs
		}
		add(dir)
	}
	if dir := os.Getenv("XDG_RUNTIME_DIR"); filepath.IsAbs(dir) && safeParent(dir) {
		add(filepath.Join(dir, "gkhi"))
	}
	user := userName()
	for _, dir := range systemRuntimeDirs(user) {
		if safeParent(dir) {
			add(filepath.Join(dir, "gkhi"))
		}
	}
	for _, dir := range append([]string{os.TempDir()}, systemTempDirs()...) {
		add(filepath.Join(dir, "gkhi-"+user))
	}
	return dirs
}

// choose returns the directory for a new socket.
func choose() (string, error) {
	if dir := os.Getenv(EnvDir); dir != "" {
		return filepath.Abs(dir)
	}
	if dir := os.Getenv("XDG_RUNTIME_DIR"); filepath.IsAbs(dir) && safeParent(dir) {
		return filepath.Join(dir, "gkhi"), nil
	}
	return filepath.Join(os.TempDir(), "gkhi-"+userName()), nil
}

// Dir returns the directory for a new socket of this process, made and checked.
func Dir() (string, error) {
	dir, err := choose()
	if err != nil {
		return "", fmt.Errorf("socket directory: %w", err)
	}
	return dir, Make(dir)
}

// Make makes the directory, if it is not there, and checks it. The parent has to be there.
func Make(dir string) error {
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("socket directory: %w", err)
	}
	return Check(dir)
}

// Check says why a directory can't be trusted with sockets, if so.
func Check(dir string) error {
	info, err := os.Lstat(dir)
	if err != nil {
		return fmt.Errorf("socket directory: %w", err)
	}
	if info.Mode()&fs.ModeSymlink != 0 {
		return fmt.Errorf("socket directory %s is a symbolic link; remove it, or set %s to the directory itself", dir, EnvDir)
	}
	if !info.IsDir() {
		return fmt.Errorf("socket directory %s is not a directory; remove it, or set %s", dir, EnvDir)
	}
	if uid, known := owner(info); known && uid != os.Geteuid() {
		return fmt.Errorf("socket directory %s belongs to user %d, not to %d; remove it, or set %s", dir, uid, os.Geteuid(), EnvDir)
	}
	if perm := info.Mode().Perm(); modesMatter && perm&0o077 != 0 {
		return fmt.Errorf("socket directory %s has mode %#o, so others can get in; chmod 700 it, or set %s", dir, perm, EnvDir)
	}
	return nil
}

// safeParent reports whether dir is a directory of this user's that nobody else can write to.
func safeParent(dir string) bool {
	info, err := os.Stat(dir)
	if err != nil || !info.IsDir() {
		return false
	}
	uid, known := owner(info)
	return (!known || uid == os.Geteuid()) && (!modesMatter || info.Mode().Perm()&0o022 == 0)
}

// userName tells this user's directory from others' in a shared place.
func userName() string {
	if uid := os.Geteuid(); uid >= 0 {
		return strconv.Itoa(uid)
	}
	return "user" // Windows, where the directory for temporary files is each user's own
}
