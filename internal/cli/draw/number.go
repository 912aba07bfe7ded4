package draw

import (
	"fmt"
	"math"
	"strconv"
	"time"
)

// Duration writes nanoseconds with three significant digits and one unit: 870ns, 1.23ms, 45.6s, then 12m3s.
func Duration(ns int64) string {
	if ns < 0 {
		if ns == math.MinInt64 {
			ns++
		}
		return "-" + Duration(-ns)
	}
	if ns >= int64(time.Minute) {
		return time.Duration(ns).Round(time.Second).String()
	}
	for _, u := range []struct {
		size float64
		name string
	}{{1, "ns"}, {1e3, "µs"}, {1e6, "ms"}, {1e9, "s"}} {
		v := float64(ns) / u.size
		if v < 999.5 || u.name == "s" {
			return digits(v, u.size == 1) + u.name
		}
	}
	panic("unreachable")
}

// digits writes v with three significant digits, fewer where they are zeros behind the point.
func digits(v float64, whole bool) string {
	prec := 2
	switch {
	case whole || v >= 99.95:
		prec = 0
	case v >= 9.995:
		prec = 1
	}
	return trimZeros(strconv.FormatFloat(v, 'f', prec, 64))
}

// trimZeros cuts zeros behind the point.
func trimZeros(s string) string {
	for i := range len(s) {
		if s[i] != '.' {
			continue
		}
		for s[len(s)-1] == '0' {
			s = s[:len(s)-1]
		}
		if s[len(s)-1] == '.' {
			s = s[:len(s)-1]
		}
		break
	}
	return s
}

// Rate writes how often something happens per second: 0, 0.25, 12.5, 1234. One that is no number, as of no time, is "-".
func Rate(perSecond float64) string {
	switch {
	case math.IsNaN(perSecond) || math.IsInf(perSecond, 0):
		return "-"
	case perSecond >= 100:
		return strconv.FormatFloat(perSecond, 'f', 0, 64)
	case perSecond >= 1:
		return strconv.FormatFloat(perSecond, 'f', 1, 64)
	}
	return trimZeros(strconv.FormatFloat(perSecond, 'f', 2, 64))
}

// Age writes how long something has run, in its two largest units: 42s, 3m12s, 5h7m, 12d4h.
func Age(d time.Duration) string {
	d = max(d, 0).Truncate(time.Second)
	s := int64(d / time.Second)
	switch {
	case s < 60:
		return fmt.Sprintf("%ds", s)
	case s < 3600:
		return fmt.Sprintf("%dm%ds", s/60, s%60)
	case s < 86400:
		return fmt.Sprintf("%dh%dm", s/3600, s/60%60)
	}
	return fmt.Sprintf("%dd%dh", s/86400, s/3600%24)
}

// Bytes writes a size with three significant digits: 870 B, 1.23 KiB, 45.6 MiB.
func Bytes(n int64) string {
	if n < 1024 {
		return strconv.FormatInt(n, 10) + " B"
	}
	v, unit := float64(n), -1
	for v >= 999.5 && unit < 4 {
		v /= 1024
		unit++
	}
	return digits(v, false) + " " + string("KMGTP"[unit]) + "iB"
}

// Plural returns "1 hook", "2 hooks".
func Plural[N int | uint64](n N, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
