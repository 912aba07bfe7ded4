//lint:file-ignore U1000 what uses it are tests for Linux

package patch

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os/exec"
	"testing"

	"github.com/gkhi/gkhi/internal/testenv"
)

// An answer is what testdata/subject says after each word that it was told.
type answer struct {
	Word, Error, Mode, Reason, Status string
	Calls, Hits                       uint64
	Stuck, Pid                        int
	Sites                             []struct {
		Func, Form, State, Reason string
		Addr                      uint64
		Code                      []byte
	}
}

// A session is a subject that runs.
type session struct {
	t   *testing.T
	cmd *exec.Cmd
	in  io.Writer
	out *json.Decoder
	pid int
}

// converse starts a subject, which ends with the test.
func converse(t *testing.T, cmd *exec.Cmd) *session {
	t.Helper()
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = t.Output()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	s := &session{t: t, cmd: cmd, in: in, out: json.NewDecoder(bufio.NewReader(out))}
	t.Cleanup(func() {
		in.Close()
		_ = cmd.Wait() // it was killed by now: its death before that shows in do
	})
	s.pid = s.do("status").Pid
	return s
}

// do tells the subject a word.
func (s *session) do(word string) (a answer) {
	s.t.Helper()
	fmt.Fprintln(s.in, word)
	if err := s.out.Decode(&a); err != nil {
		s.t.Fatalf("%s: %v", word, err)
	}
	return a
}

// tell runs a subject with words for its command line.
func tell(t *testing.T, cmd *exec.Cmd) (as []answer) {
	t.Helper()
	cmd.Stderr = t.Output()
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %v\n%s", cmd.Args, err, out)
	}
	for rest := json.NewDecoder(bytes.NewReader(out)); rest.More(); {
		var a answer
		if err := rest.Decode(&a); err != nil {
			t.Fatal(err)
		}
		as = append(as, a)
	}
	return as
}

// story of a subject in which everything is patched, and what it must do.
var (
	wholeStory = []string{"run", "arm", "run", "armpoint", "run", "disarm", "run", "disarmpoint", "run"}
	wholeCalls = []uint64{0, 0, 100, 0, 100, 0, 0, 0, 0}
	wholeHits  = []uint64{0, 0, 0, 0, 100, 0, 100, 0, 0}
)

// checkWhole compares a subject's answers to wholeStory.
func checkWhole(t *testing.T, as []answer, method string) {
	t.Helper()
	if len(as) != len(wholeStory) {
		t.Fatalf("%d answers", len(as))
	}
	for i, a := range as {
		if a.Error != "" || a.Calls != wholeCalls[i] || a.Hits != wholeHits[i] {
			t.Errorf("%d, %s: %d calls, %d hits, error %q; want %d and %d", i, a.Word, a.Calls, a.Hits, a.Error, wholeCalls[i], wholeHits[i])
		}
	}
	last := as[len(as)-1]
	if want := "patched 6 of 6 sites through " + method; last.Status != want || last.Stuck != 0 {
		t.Errorf("status %q, want %q", last.Status, want)
	}
	for _, s := range last.Sites {
		if s.State != "dormant" || s.Reason != "" {
			t.Errorf("a site is %+v", s)
		}
	}
}

// patchable is what the subject needs.
var patchable = []testenv.Requirement{testenv.OS("linux"), testenv.Arch("amd64"), testenv.NoRace}
