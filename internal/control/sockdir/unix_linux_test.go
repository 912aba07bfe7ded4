package sockdir

import (
	"errors"
	"os"
	"syscall"
	"testing"

	"github.com/gkhi/gkhi/internal/testenv"
)

// lowEnv makes this test binary try a connection in the place of its standard output instead of testing.
const lowEnv = "GKHI_TEST_LOW_DESCRIPTOR"

func init() { helpers[lowEnv] = lowDescriptor }

// lowDescriptor panics unless such a connection is an ordinary one. If not, SIGPIPE ends the process.
func lowDescriptor() {
	syscall.Close(1)
	pair, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_NONBLOCK|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		panic(err)
	}
	if pair[0] != 1 {
		panic("descriptor 1 is not free")
	}
	f, err := pollable(pair[0], "x")
	if err != nil {
		panic(err)
	}
	syscall.Close(pair[1])
	if _, err := f.Write([]byte("x")); !errors.Is(err, syscall.EPIPE) {
		panic(err)
	}
}

// A program that has closed its standard output is not ended by a client that goes away.
func TestLowDescriptor(t *testing.T) {
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := testenv.Command(t, exe)
	cmd.Env = append(os.Environ(), lowEnv+"=1")
	cmd.Stdout = os.Stdout // not a pipe, which would be read until all who have it are gone
	if err := cmd.Run(); err != nil {
		t.Error(err)
	}
}

// A descriptor that the poller can't wait for is an error, not a connection that fails later.
func TestPollableRefuses(t *testing.T) {
	fd, err := syscall.Open(os.Args[0], syscall.O_RDONLY|syscall.O_NONBLOCK|syscall.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	if f, err := pollable(fd, "file"); err == nil {
		f.Close()
		t.Error("an ordinary file is taken")
	}
	if err := syscall.Close(fd); !errors.Is(err, syscall.EBADF) {
		t.Errorf("it is left open: %v", err)
	}
}

func TestListenUnixCleansUp(t *testing.T) {
	dir := newDir(t)
	if l, err := listenUnix(dir + "/first"); err != nil { // for which the poller is set up
		t.Fatal(err)
	} else {
		l.Close()
	}
	before := countFDs(t)
	l, err := listenUnix(dir + "/a")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := listenUnix(dir + "/a"); !addrInUse(err) {
		t.Errorf("%v, want that the address is in use", err)
	}
	if _, err := listenUnix(dir + "/absent/a"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%v, want that there is no such folder", err)
	}
	if refuses(dir + "/a") {
		t.Error("a socket on which somebody listens refuses")
	}
	l.Close()
	if !refuses(dir + "/a") {
		t.Error("a socket on which nobody listens does not refuse")
	}
	if after := countFDs(t); after != before {
		t.Errorf("%d descriptors are open, %d were", after, before)
	}
}

func countFDs(t *testing.T) int {
	t.Helper()
	fds, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(fds)
}
