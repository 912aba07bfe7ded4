package hist

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"sync"
	"testing"
)

// Every value is in the bucket whose bounds hold it, and buckets are no wider than promised.
func TestBuckets(t *testing.T) {
	values := []uint64{0, 1, 7, 8, 9, 15, 16, 17, 1000, 1 << 40, math.MaxInt64 - 1, math.MaxInt64}
	r := rand.New(rand.NewPCG(1, 2))
	for range 10000 {
		values = append(values, r.Uint64()>>(1+r.UintN(62)))
	}
	for _, v := range values {
		i := index(v)
		if i < 0 || i >= numBuckets {
			t.Fatalf("%d is in bucket %d of %d", v, i, numBuckets)
		}
		low, high := lower(i), upper(lower(i))
		if v < low || v >= high {
			t.Fatalf("%d is in bucket %d, from %d to %d", v, i, low, high)
		}
		if width := high - low; width > 1 && width > low/8 {
			t.Fatalf("bucket %d is from %d to %d: too wide", i, low, high)
		}
	}
	for i := 1; i < numBuckets; i++ {
		if upper(lower(i-1)) != lower(i) {
			t.Fatalf("a gap below bucket %d", i)
		}
	}
}

func TestQuantile(t *testing.T) {
	var h Histogram
	var values []uint64
	r := rand.New(rand.NewPCG(3, 4))
	for range 20000 {
		v := uint64(math.Exp(r.Float64() * 20))
		values = append(values, v)
		h.Record(int64(v))
	}
	slices.Sort(values)
	s := h.Snapshot()
	if s.Count != 20000 || s.Max != values[len(values)-1] {
		t.Errorf("count %d, max %d", s.Count, s.Max)
	}
	for _, q := range []float64{-1, 0, 0.001, 0.25, 0.5, 0.9, 0.99, 0.999, 1, 2} {
		at := int(math.Ceil(min(max(q, 0), 1)*float64(len(values)))) - 1
		want := float64(values[max(at, 0)])
		if got := float64(s.Quantile(q)); math.Abs(got-want) > want/8+1 {
			t.Errorf("quantile %v: %v, want %v within 12.5 %%", q, got, want)
		}
	}
	var sum uint64
	for _, v := range values {
		sum += v
	}
	if got, want := s.Mean(), float64(sum)/20000; got != want {
		t.Errorf("mean %v, want %v", got, want)
	}
}

func TestEmptyAndOdd(t *testing.T) {
	var h Histogram
	s := h.Snapshot()
	if s.Quantile(0.5) != 0 || s.Mean() != 0 || s.Count != 0 {
		t.Errorf("empty: %+v", s)
	}
	h.Record(-5)
	h.Record(math.MaxInt64)
	s = h.Snapshot()
	if want := []Bucket{{0, 1}, {lower(numBuckets - 1), 1}}; !slices.Equal(s.Buckets, want) {
		t.Errorf("buckets %v, want %v", s.Buckets, want)
	}
	if s.Quantile(1) > math.MaxInt64 {
		t.Errorf("quantile above the maximum: %d", s.Quantile(1))
	}
}

func TestSub(t *testing.T) {
	var h Histogram
	record := func(vs ...int64) Snapshot {
		for _, v := range vs {
			h.Record(v)
		}
		return h.Snapshot()
	}
	one := record(1, 1, 100, 5000)
	two := record(1, 100, 100, 7)
	d := two.Sub(one)
	want := Snapshot{Count: 4, Sum: 208, Max: upper(lower(index(100))) - 1, Buckets: []Bucket{{1, 1}, {7, 1}, {lower(index(100)), 2}}}
	if !reflect.DeepEqual(d, want) {
		t.Errorf("got %+v, want %+v", d, want)
	}
	if d := two.Sub(Snapshot{}); d.Count != two.Count || d.Sum != two.Sum || d.Max != two.Max {
		t.Errorf("since nothing: %+v, want %+v", d, two)
	}
	if d := two.Sub(two); d.Count != 0 || d.Sum != 0 || len(d.Buckets) != 0 || d.Max != 0 {
		t.Errorf("since itself: %+v", d)
	}
}

func TestJSON(t *testing.T) {
	s := Snapshot{Count: 3, Sum: 9, Max: 5, Buckets: []Bucket{{1, 2}, {1 << 62, 1}}}
	raw, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	if want := `{"count":3,"sum":9,"max":5,"buckets":[[1,2],[4611686018427387904,1]]}`; string(raw) != want {
		t.Errorf("%s, want %s", raw, want)
	}
	var back Snapshot
	if err := json.Unmarshal(raw, &back); err != nil || !reflect.DeepEqual(back, s) {
		t.Errorf("%+v, %v", back, err)
	}
	for _, bad := range []string{`[1]`, `[1,2,3]`, `{}`, `[-1,2]`} {
		if err := json.Unmarshal([]byte(bad), new(Bucket)); err == nil {
			t.Errorf("%s is taken", bad)
		}
	}
}

func TestConcurrentRecord(t *testing.T) {
	var h Histogram
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			for i := range 1000 {
				h.Record(int64(g*1000 + i))
			}
		})
	}
	wg.Wait()
	if s := h.Snapshot(); s.Count != 8000 || s.Max != 7999 || s.Sum != 7999*8000/2 {
		t.Errorf("count %d, max %d, sum %d", s.Count, s.Max, s.Sum)
	}
}

// A Counter counts as a Histogram does.
func TestCounter(t *testing.T) {
	var h Histogram
	var c Counter
	if got := c.Snapshot(); !reflect.DeepEqual(got, h.Snapshot()) {
		t.Errorf("empty: %+v", got)
	}
	r := rand.New(rand.NewPCG(5, 6))
	values := []int64{-3, 0, 1, 7, 8, 15, 16, math.MaxInt64}
	for range 20000 {
		values = append(values, int64(r.Uint64()>>(1+r.UintN(62))))
	}
	for _, v := range values {
		h.Record(v)
		c.Record(v)
	}
	if got, want := c.Snapshot(), h.Snapshot(); !reflect.DeepEqual(got, want) {
		t.Errorf("%+v\nwant %+v", got, want)
	}
	if c.Count() != uint64(len(values)) || c.Min() != 0 || c.Max() != math.MaxInt64 {
		t.Errorf("count %d, min %d, max %d", c.Count(), c.Min(), c.Max())
	}
	var one Counter
	one.Record(70)
	one.Record(50)
	if one.Min() != 50 || one.Sum() != 120 {
		t.Errorf("min %d, sum %d of 50 and 70", one.Min(), one.Sum())
	}
}

func BenchmarkCounter(b *testing.B) {
	var c Counter
	for i := int64(0); b.Loop(); i++ {
		c.Record(i)
	}
}

func BenchmarkRecord(b *testing.B) {
	var h Histogram
	for i := int64(0); b.Loop(); i++ {
		h.Record(i)
	}
}

func TestAdd(t *testing.T) {
	var a, b, both Histogram
	for i, v := range []int64{1, 7, 7, 100, 5000, 3, 100, 1 << 40} {
		both.Record(v)
		if i%3 == 0 {
			a.Record(v)
		} else {
			b.Record(v)
		}
	}
	if got := a.Snapshot().Add(b.Snapshot()); !reflect.DeepEqual(got, both.Snapshot()) {
		t.Errorf("%+v, want %+v", got, both.Snapshot())
	}
	if got := (Snapshot{}).Add(b.Snapshot()); !reflect.DeepEqual(got, b.Snapshot()) {
		t.Errorf("nothing and something is %+v", got)
	}
}
