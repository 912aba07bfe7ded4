package cli

import (
	"context"
	"testing"
	"time"
)

func TestDurationFlag(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"5s": 5 * time.Second, "1m30s": 90 * time.Second, "10ms": 10 * time.Millisecond,
		"5": 0, "": 0, "-1s": 0, "0s": 0, "9ms": 0, "soon": 0, // 0: refused
	} {
		var d time.Duration
		v := durationValue{d: &d, least: 10 * time.Millisecond}
		if err := v.Set(text); d != want || (err == nil) != (want > 0) {
			t.Errorf("%q is %v, %v; want %v", text, d, err, want)
		}
	}
	five := 5 * time.Second
	if got := (durationValue{d: &five}).String(); got != "5s" {
		t.Errorf("String is %q", got)
	}
	if got := (durationValue{}).String(); got != "" {
		t.Errorf("String of none is %q", got)
	}
}

func TestCountFlag(t *testing.T) {
	for text, want := range map[string]uint64{"1": 1, "100": 100, "0": 0, "-1": 0, "1.5": 0, "many": 0, "": 0} {
		var n uint64
		if err := (countValue{&n}).Set(text); n != want || (err == nil) != (want > 0) {
			t.Errorf("%q is %d, %v; want %d", text, n, err, want)
		}
	}
	seven := uint64(7)
	if got := (countValue{&seven}).String(); got != "7" {
		t.Errorf("String is %q", got)
	}
	if got := (countValue{}).String(); got != "" {
		t.Errorf("String of none is %q", got)
	}
}

func TestLimit(t *testing.T) {
	ctx, cancel := limit(context.Background(), time.Hour)
	defer cancel()
	if _, ok := ctx.Deadline(); !ok {
		t.Error("no deadline")
	}
	ctx, cancel = limit(context.Background(), 0)
	if _, ok := ctx.Deadline(); ok {
		t.Error("a deadline for no duration")
	}
	cancel()
	if ctx.Err() == nil {
		t.Error("not canceled")
	}
}
