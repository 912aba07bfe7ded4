//go:build unix

package sockdir

import (
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"time"
)

// connected returns both ends of a connection.
func connected(t *testing.T) (l *Listener, client *net.UnixConn, served Conn) {
	t.Helper()
	l, err := Listen(newDir(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	conn, err := net.Dial("unix", l.Path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if served, err = l.Accept(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { served.Close() })
	return l, conn.(*net.UnixConn), served
}

// later does f, most likely while what follows waits.
func later(f func()) (done chan struct{}) {
	done = make(chan struct{})
	go func() {
		defer close(done)
		time.Sleep(10 * time.Millisecond)
		f()
	}()
	return done
}

func TestConnPassesBothWays(t *testing.T) {
	_, client, served := connected(t)
	if _, err := client.Write([]byte("there")); err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 5)
	if _, err := io.ReadFull(served, buf); err != nil || string(buf) != "there" {
		t.Errorf("%q, %v", buf, err)
	}
	// More than the kernel takes at once, so that the write has to wait for the reader.
	sent := make([]byte, 4<<20)
	for i := range sent {
		sent[i] = byte(i >> 8)
	}
	wrote := later(func() {
		if n, err := served.Write(sent); n != len(sent) || err != nil {
			t.Errorf("%d bytes written, %v", n, err)
		}
		served.Close()
	})
	got, err := io.ReadAll(client)
	<-wrote
	if err != nil || string(got) != string(sent) {
		t.Errorf("%d bytes came, %v, want %d", len(got), err, len(sent))
	}
}

func TestConnEnds(t *testing.T) {
	_, client, served := connected(t)
	<-later(func() { client.Close() })
	if n, err := served.Read(make([]byte, 1)); n != 0 || !errors.Is(err, io.EOF) {
		t.Errorf("%d bytes, %v, want the end", n, err)
	}
	if _, err := served.Write([]byte("x")); err == nil {
		t.Error("a write to a closed connection succeeds")
	}
}

func TestConnDeadlines(t *testing.T) {
	_, _, served := connected(t)
	served.SetReadDeadline(time.Now().Add(10 * time.Millisecond))
	if _, err := served.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("read: %v", err)
	}
	served.SetReadDeadline(time.Time{})
	done := later(func() { served.SetReadDeadline(time.Now()) })
	if _, err := served.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("read whose deadline came meanwhile: %v", err)
	}
	<-done
	served.SetWriteDeadline(time.Now().Add(10 * time.Millisecond))
	if _, err := served.Write(make([]byte, 16<<20)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("write: %v", err)
	}
}

func TestCloseEndsWaiting(t *testing.T) {
	l, _, served := connected(t)
	done := later(func() { served.Close() })
	if _, err := served.Read(make([]byte, 1)); err == nil || errors.Is(err, io.EOF) {
		t.Errorf("read: %v", err)
	}
	<-done
	done = later(func() { l.Close() })
	for range 2 {
		if _, err := l.Accept(); !errors.Is(err, os.ErrClosed) {
			t.Errorf("accept: %v", err)
		}
	}
	<-done
}

func TestAcceptAfterAnother(t *testing.T) {
	l, _, _ := connected(t)
	for range 5 {
		done := later(func() {
			if conn, err := net.Dial("unix", l.Path); err == nil {
				conn.Close()
			}
		})
		conn, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		conn.Close()
		<-done
	}
}
