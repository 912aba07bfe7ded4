package gkhi_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/gkhi/gkhi"
)

var readError gkhi.Decision[string, error]

func init() {
	gkhi.DeclareDecision(&readError, "example.read-error", "fail the read of a file with this error")
}

// A handler may answer in the place of the work.
func read(name string) (string, error) {
	if readError.Armed() {
		if err, decided := readError.Fire(name); decided {
			return "", err
		}
	}
	return "contents of " + name, nil
}

func ExampleDecision() {
	h, err := readError.Register("broken-disk", func(name string) (error, bool) {
		return errors.New("input/output error"), name == "b"
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	h.Arm()
	defer h.Deregister(context.Background())

	fmt.Println(read("a"))
	fmt.Println(read("b"))
	// Output:
	// contents of a <nil>
	//  input/output error
}
