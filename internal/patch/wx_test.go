//go:build linux && (amd64 || arm64)

package patch

import (
	"runtime"
	"strings"
	"sync"
	"testing"
)

// TestNeverWritableAndExecutable samples the process's mappings while sites are
// toggled, by each way of writing.
func TestNeverWritableAndExecutable(t *testing.T) {
	for _, remap := range []bool{false, true} {
		t.Run(map[bool]string{false: "mem", true: "remap"}[remap], func(t *testing.T) {
			r := newRig(t, &refusing{refuse: func(call string) verdict {
				if remap && call == "open" {
					return refuse
				}
				return pass
			}})
			stop := make(chan struct{})
			var sampler sync.WaitGroup
			samples := 0
			var bad []mapping
			sampler.Go(func() {
				for {
					select {
					case <-stop:
						return
					default:
					}
					err := eachMapping(func(m mapping) {
						if strings.Contains(m.perms, "w") && strings.Contains(m.perms, "x") {
							bad = append(bad, m)
						}
					})
					if err != nil {
						t.Error(err)
					}
					samples++
				}
			})
			for range 300 {
				if err := r.arm(r.numbers("abc")...); err != nil {
					t.Fatal(err)
				}
				if err := r.disarm(r.numbers("abc")...); err != nil {
					t.Fatal(err)
				}
				runtime.Gosched()
			}
			close(stop)
			sampler.Wait()
			if len(bad) > 0 {
				t.Errorf("writable and executable: %+v", bad[0])
			}
			if st := r.Status(); samples == 0 || st.Toggles == 0 && st.Reason == "" {
				t.Errorf("%d samples, %+v", samples, st)
			}
		})
	}
}
