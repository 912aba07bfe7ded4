package gkhi_test

import (
	"errors"
	"fmt"

	"github.com/gkhi/gkhi"
)

var writeError gkhi.Decision[int, error]

func init() {
	gkhi.DeclareDecision(&writeError, "example.write-error", "fail the write of so many bytes with this error")
}

func write(n int) error {
	if writeError.Armed() {
		if err, decided := writeError.Fire(n); decided {
			return err
		}
	}
	return nil
}

// A term makes a decision fail with no handler written. The command gkhi fail and the
// environment variable GKHI_FAIL take the same terms.
func ExampleFail() {
	if err := gkhi.Fail("example.write-error", `1*off->2*return("disk full")`); err != nil {
		fmt.Println(err)
		return
	}
	defer gkhi.Fail("example.write-error", "off")
	for n := range 4 {
		err := write(n)
		injected := errors.As(err, new(*gkhi.FailpointError))
		fmt.Println(n, err, injected)
	}

	// A mistake is an error, never silence.
	err := gkhi.Fail("example.write-eror", "return")
	var unknown *gkhi.UnknownError
	if errors.As(err, &unknown) {
		fmt.Println("did you mean", unknown.Near[0])
	}
	// Output:
	// 0 <nil> false
	// 1 disk full true
	// 2 disk full true
	// 3 <nil> false
	// did you mean example.write-error
}
