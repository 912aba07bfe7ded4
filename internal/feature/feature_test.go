package feature

import (
	"os"
	"testing"
)

// The findings of the machine at hand differ; their form does not.
func TestForm(t *testing.T) {
	all := Machine()
	if len(all) < 3 {
		t.Fatalf("%d findings about this machine", len(all))
	}
	all = append(all, Process(os.Getpid())...)
	seen := map[[2]string]bool{}
	for _, f := range all {
		key := [2]string{f.Group, f.Name}
		switch {
		case f.Group == "" || f.Name == "" || f.Detail == "":
			t.Errorf("%+v lacks something", f)
		case seen[key]:
			t.Errorf("two findings %v", key)
		case f.State == Missing && f.Advice == "":
			t.Errorf("%v is missing, and nothing says what to do", key)
		case f.State != OK && f.State != Limited && f.State != Missing:
			t.Errorf("%v has the state %q", key, f.State)
		}
		seen[key] = true
	}
}
