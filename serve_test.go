package gkhi

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gkhi/gkhi/internal/control/client"
)

// sockets returns what is in a socket directory.
func sockets(t *testing.T, dir string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.sock"))
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func TestServeIsShared(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "s")
	t.Setenv("GKHI_SOCKET_DIR", dir)
	stop1, err := Serve()
	if err != nil {
		t.Fatal(err)
	}
	stop2, err := Serve(SocketDir(dir))
	if err != nil {
		t.Fatal(err)
	}
	if n := len(sockets(t, dir)); n != 1 {
		t.Fatalf("%d sockets", n)
	}
	if stop, err := Serve(SocketDir(t.TempDir())); err == nil || !strings.Contains(err.Error(), "serves in "+dir+" already") {
		t.Errorf("another directory: %v", err)
	} else if stop() != nil {
		t.Error("stop of what failed fails")
	}
	for range 2 { // the second does nothing
		if err := stop1(); err != nil {
			t.Error(err)
		}
	}
	socket := sockets(t, dir)
	if len(socket) != 1 {
		t.Fatal("the first stop has stopped the second's")
	}
	c, err := client.At(socket[0]).Dial(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	c.Close()
	if err := stop2(); err != nil {
		t.Error(err)
	}
	if s := sockets(t, dir); len(s) != 0 {
		t.Errorf("%q are left", s)
	}
	// And again.
	stop3, err := Serve()
	if err != nil || len(sockets(t, dir)) != 1 {
		t.Errorf("a server after the last: %v", err)
	}
	stop3()
}

func TestServeErrors(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	stop, err := Serve(SocketDir(file))
	if err == nil || !strings.Contains(err.Error(), "is not a directory") {
		t.Errorf("a file for a directory: %v", err)
	}
	if err := stop(); err != nil {
		t.Error(err)
	}
}

func TestServeSetsFailpoints(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "s")
	t.Setenv(FailEnv, `target.decision=return("from the environment")`)
	stop, err := Serve(SocketDir(dir))
	if err != nil {
		t.Fatal(err)
	}
	defer Fail("target.decision", "off")
	if err, decided := targetDecision.Fire(targetEvent{}); !decided || err.Error() != "from the environment" {
		t.Errorf("%v, %v", err, decided)
	}
	stop()

	t.Setenv(FailEnv, "target.decisoin=panic")
	stop, err = Serve(SocketDir(dir))
	if !errors.Is(err, ErrUnknown) || !strings.Contains(err.Error(), "target.decision") {
		t.Errorf("an unknown name: %v", err)
	}
	if s := sockets(t, dir); len(s) != 0 {
		t.Errorf("it failed, and %q are there", s)
	}
	stop()

	stop, err = Serve(SocketDir(dir), WithoutFailEnv())
	if err != nil {
		t.Errorf("without the environment: %v", err)
	}
	stop()
}
