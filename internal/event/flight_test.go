package event

import (
	"bytes"
	"io"
	"testing"
)

func TestFlight(t *testing.T) {
	const rounds, perRound = 40, 200
	full := makeSample(5, rounds, perRound)
	for _, max := range []int{1, 4000, 20000, 1 << 30} {
		f := NewFlight(max)
		if _, err := f.WriteTo(io.Discard); err == nil {
			t.Error("an empty one can be written")
		}
		for at := 0; at < len(full.bytes); at += 777 {
			if _, err := f.Write(full.bytes[at:min(at+777, len(full.bytes)-16)]); err != nil {
				t.Fatal(err)
			}
			if at+777 >= len(full.bytes)-16 {
				break
			}
		}
		var out bytes.Buffer
		w := NewWriter(&out)
		if _, err := f.WriteTo(w); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		r, err := NewReader(bytes.NewReader(out.Bytes()))
		if err != nil {
			t.Fatal(err)
		}
		got, err := readAll(t, r)
		if err != io.EOF || r.Summary().Truncated {
			t.Fatal(err)
		}
		n := len(got.events)
		if n == 0 || max == 1<<30 && n != len(full.events) || max < 1<<30 && n == len(full.events) {
			t.Errorf("of %d bytes, %d events of %d", max, n, len(full.events))
		}
		if out.Len() > max+20000 {
			t.Errorf("%d bytes are kept, where %d were asked for", out.Len(), max)
		}
		if last := got.events[n-1].Ticks; last != full.events[len(full.events)-1].Ticks {
			t.Errorf("of %d bytes: the last event is missing", max)
		}
		// Times are those of the whole recording.
		whole, err := NewReader(bytes.NewReader(full.bytes))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := readAll(t, whole); err != io.EOF {
			t.Fatal(err)
		}
		if a, b := whole.Summary().Last, r.Summary().Last; !a.Equal(b) {
			t.Errorf("it ends at %v, want %v", b, a)
		}
	}
	if _, err := NewFlight(10).Write([]byte("no recording")); err == nil {
		t.Error("anything is taken")
	}
}
