package demo

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

const (
	clients = 4   // connections; each waits for its answer
	keys    = 500 // that exist
)

// A load is clients of one service.
type load struct {
	url    string
	client *http.Client
	tally  tally
}

func newLoad(url string) *load {
	return &load{url: url, client: &http.Client{
		Transport: &http.Transport{MaxIdleConnsPerHost: clients},
		Timeout:   10 * time.Second,
	}}
}

func (l *load) close() { l.client.CloseIdleConnections() }

// fill stores all keys, in one request.
func (l *load) fill(ctx context.Context) error {
	puts := map[string]string{}
	for i := range keys {
		puts[key(i)] = value(i)
	}
	body, err := json.Marshal(map[string]any{"put": puts})
	if err != nil {
		return err
	}
	status, answer, err := l.do(ctx, "POST", "/kv", string(body))
	if err == nil && status != http.StatusNoContent {
		err = fmt.Errorf("storing %d keys: %d %s", keys, status, answer)
	}
	return err
}

func key(i int) string   { return fmt.Sprintf("user:%03d", i) }
func value(i int) string { return strings.Repeat(string(rune('a'+i%26)), 100+i%100) }

// do sends a request and reads its answer.
func (l *load) do(ctx context.Context, method, path, body string) (status int, answer string, err error) {
	req, err := http.NewRequestWithContext(ctx, method, l.url+path, strings.NewReader(body))
	if err != nil {
		return 0, "", err
	}
	resp, err := l.client.Do(req)
	if err != nil {
		return 0, "", err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	return resp.StatusCode, strings.TrimSpace(string(text)), err
}

// steady sends about rate requests a second, reads and writes, until stop is
// called, which waits for their end, or ctx ends.
func (l *load) steady(ctx context.Context, rate int) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	var wg sync.WaitGroup
	for range clients {
		wg.Go(func() {
			tick := time.NewTicker(clients * time.Second / time.Duration(rate))
			defer tick.Stop()
			for {
				select {
				case <-tick.C:
					l.one(ctx)
				case <-ctx.Done():
					return
				}
			}
		})
	}
	return func() {
		cancel()
		wg.Wait()
	}
}

// one sends a request of some sort and counts its answer.
func (l *load) one(ctx context.Context) {
	i := rand.IntN(keys)
	what, method, path, body := "reads", "GET", "/kv/"+key(i), ""
	switch n := rand.IntN(20); {
	case n == 0:
		what, path = "listings", "/kv?limit=10&prefix="+key(i)[:len("user:0")]
	case n < 10:
		what, method, body = "writes", "PUT", value(i)
	}
	status, answer, err := l.do(ctx, method, path, body)
	switch {
	case ctx.Err() != nil:
		return // cut off by the end of the load
	case err != nil:
		answer = err.Error()
	case status < 300:
		answer = "" // the values themselves
	}
	l.tally.add(outcome{what, status, answer})
}

// reads sends reads as fast as they are answered, for a while, and returns how
// many were, and in what time.
func (l *load) reads(ctx context.Context, long time.Duration) (n int64, took time.Duration, err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var answered atomic.Int64
	var wg sync.WaitGroup
	start := time.Now()
	for c := range clients {
		wg.Go(func() {
			for i := c; time.Since(start) < long && ctx.Err() == nil; i++ {
				status, answer, err := l.do(ctx, "GET", "/kv/"+key(i%keys), "")
				if err == nil && status != http.StatusOK {
					err = fmt.Errorf("reading %s: %d %s", key(i%keys), status, answer)
				}
				if err != nil {
					cancel(err)
					return
				}
				answered.Add(1)
			}
		})
	}
	wg.Wait()
	if ctx.Err() != nil {
		return 0, 0, context.Cause(ctx)
	}
	return answered.Load(), time.Since(start), nil
}

// An outcome is a sort of request and how it was answered.
type outcome struct {
	what   string
	status int // 0: not at all
	text   string
}

type counts map[outcome]int

// A tally counts outcomes. It is safe for concurrent use.
type tally struct {
	mu   sync.Mutex
	seen counts
}

func (t *tally) add(o outcome) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.seen == nil {
		t.seen = counts{}
	}
	t.seen[o]++
}

// reset returns what was counted and begins anew.
func (t *tally) reset() counts {
	t.mu.Lock()
	defer t.mu.Unlock()
	seen := t.seen
	t.seen = nil
	return seen
}

// A row is a line of a table of outcomes.
type row struct {
	what string
	n    int
	text string
}

// rows returns a row for each sort of request and each way in which it was answered.
func (c counts) rows() []row {
	var rows []row
	for o, n := range c {
		text := o.text
		if o.status != 0 {
			text = strings.TrimSpace(fmt.Sprintf("%d %s %s", o.status, http.StatusText(o.status), o.text))
		}
		rows = append(rows, row{o.what, n, text})
	}
	slices.SortFunc(rows, func(a, b row) int {
		return cmp.Or(strings.Compare(a.what, b.what), b.n-a.n, strings.Compare(a.text, b.text))
	})
	return rows
}
