// A program that is served by an import, and declares its decision after that is initialised.
package main

import (
	"fmt"
	"io"
	"os"

	"github.com/gkhi/gkhi"
	_ "github.com/gkhi/gkhi/autoserve"
)

var decision gkhi.Decision[int, error]

func main() {
	gkhi.DeclareDecision(&decision, "prog.decision", "may fail")
	fmt.Println("ready")
	for {
		if _, err := os.Stdin.Read(make([]byte, 1)); err == io.EOF {
			return
		}
		err, decided := decision.Fire(1)
		fmt.Println(err, decided)
	}
}
