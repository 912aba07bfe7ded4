package self

import (
	"bytes"
	"encoding/binary"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"time"
)

func TestBuildIDIsWhatTheGoCommandSays(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("the build id is read from ELF files")
	}
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("go", "tool", "buildid", exe).Output()
	if err != nil {
		t.Fatal(err)
	}
	if got, want := BuildID(), strings.TrimSpace(string(out)); got != want || got == "" {
		t.Errorf("BuildID() = %q, go tool buildid says %q", got, want)
	}
}

func FuzzReadBuildID(f *testing.F) {
	head := make([]byte, 64)
	copy(head, "\x7fELF\x02\x01")
	binary.LittleEndian.PutUint64(head[32:], 64)
	binary.LittleEndian.PutUint16(head[54:], 56)
	binary.LittleEndian.PutUint16(head[56:], 1)
	prog := make([]byte, 56)
	prog[0] = 4
	note := []byte("\x04\x00\x00\x00\x02\x00\x00\x00\x04\x00\x00\x00Go\x00\x00id\x00\x00")
	binary.LittleEndian.PutUint64(prog[8:], 120)
	binary.LittleEndian.PutUint64(prog[32:], uint64(len(note)))
	whole := bytes.Join([][]byte{head, prog, note}, nil)
	if id, err := readBuildID(bytes.NewReader(whole)); id != "id" || err != nil {
		f.Fatalf("the seed's build id is %q, %v", id, err)
	}
	f.Add(whole)
	f.Add(head)
	f.Fuzz(func(t *testing.T, file []byte) {
		id, err := readBuildID(bytes.NewReader(file))
		if (id != "" || err == nil) && !bytes.Contains(file, []byte(id)) {
			t.Errorf("a build id %q that is not in the file", id)
		}
	})
}

func TestStarted(t *testing.T) {
	if runtime.GOOS == "linux" {
		if _, ok := StartTicks(os.Getpid()); !ok {
			t.Error("this process's start can't be read")
		}
		if StartTime(os.Getpid()).IsZero() {
			t.Error("this process has no start time")
		}
	}
	started := Started()
	if started.After(time.Now()) {
		t.Errorf("started in the future: %v", started)
	}
}

func TestHello(t *testing.T) {
	h := Hello()
	if h.PID != os.Getpid() || h.Version == "" || h.GoVersion != runtime.Version() || h.Exe == "" || h.Start == 0 {
		t.Errorf("incomplete: %+v", h)
	}
}
