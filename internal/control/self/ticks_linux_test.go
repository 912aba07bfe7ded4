package self

import "testing"

func TestParseStartTicks(t *testing.T) {
	const tail = " S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 4711 20 21"
	for stat, want := range map[string]uint64{
		"12 (kvd)" + tail:         4711,
		"12 (a) b (c)) R)" + tail: 4711,
		"12 (kvd) S 1 2":          0,
		"12":                      0,
		"":                        0,
	} {
		if got, ok := parseStartTicks([]byte(stat)); got != want || ok != (want != 0) {
			t.Errorf("%q: %d, %v, want %d", stat, got, ok, want)
		}
	}
}
