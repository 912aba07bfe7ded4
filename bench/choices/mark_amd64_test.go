package main

import "testing"

func TestDesignsOfTheScheduler(t *testing.T) {
	for range 2 { // the first one claims
		if a, b := fireOfThread(41), fireOfProc(41); a != 42 || b != 42 {
			t.Errorf("%d and %d, want 42", a, b)
		}
	}
	if p := takeOfThread(&threadPlaces[0]); p == nil || p.mark != 1 || p.mine == 0 {
		t.Errorf("the thread's place is %+v", p)
	} else {
		p.mark = 0
	}
}
