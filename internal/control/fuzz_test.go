package control_test

import (
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/gkhi/gkhi/internal/control"
	"github.com/gkhi/gkhi/internal/control/controltest"
)

const fuzzHello = `{"hello":{"proto":1,"min":1,"version":"fuzz"}}` + "\n"

// FuzzServer gives a server arbitrary input. Whatever it is, the server answers in bounded memory, does not panic, and leaves its
// target as it was once the client is gone. The first byte says whether a right hello comes first, which is hard to guess.
func FuzzServer(f *testing.F) {
	f.Add(true, []byte(`{"id":1,"op":"ls"}`+"\n"))
	f.Add(true, []byte(`{"id":1,"op":"trace","args":{"patterns":["*"],"max":3}}`+"\n"+`{"id":2,"op":"cancel","args":{"id":1}}`+"\n"))
	f.Add(true, []byte(`{"id":1,"op":"stat","args":{"patterns":["a"],"interval":10000000}}`+"\n"+`{"id":1,"op":"trace","args":{"patterns":["a"]}}`+"\n"))
	f.Add(true, []byte(`{"id":1,"op":"arm","args":{"patterns":["[ab]"],"hold":true}}`+"\n"+`{"id":2,"op":"fail","args":{"name":"a","term":"x","hold":true}}`+"\n\n"))
	f.Add(true, []byte(`{"id":1,"op":"trace","args":{"patterns":["panic"]}}`+"\n"+`{"id":0}`))
	f.Add(true, []byte(`{"id":1,"op":"release","args":{"patterns":["\\"]}}`+"\n"+strings.Repeat("x", 70000)))
	f.Add(false, []byte(fuzzHello))
	f.Add(false, []byte(`{"hello":{"proto":-1}}`+"\n"))
	f.Fuzz(func(t *testing.T, greet bool, input []byte) {
		target := controltest.New("a", "b", "panic")
		s := control.New(target, control.Options{
			MaxStreams: 4, MaxHolds: 4, BufferEvents: 16, BufferBytes: 4096, Write: 10 * time.Second,
			Hello: time.Second, Idle: time.Second,
			Report: func(text string) {
				if !strings.Contains(text, "panic while serving trace: tracing panic") {
					t.Error(text)
				}
			},
		})
		mine, its := net.Pipe()
		served := make(chan struct{})
		go func() { defer close(served); s.ServeConn(its) }()
		answered := make(chan struct{})
		go func() { defer close(answered); io.Copy(io.Discard, mine) }()
		if greet {
			io.WriteString(mine, fuzzHello)
		}
		mine.Write(input) // an error is the server's refusal
		target.Fire("a", "1")
		mine.Close()
		<-answered
		<-served
		if left := target.Left(); left != "" {
			t.Errorf("left behind: %s", left)
		}
	})
}
