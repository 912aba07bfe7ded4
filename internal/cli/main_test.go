package cli

import (
	"os"
	"testing"

	"github.com/gkhi/gkhi/internal/testenv"
)

func TestMain(m *testing.M) {
	// The go command runs "gkhi toolexec", and while these tests run that is this program.
	if len(os.Args) > 1 && os.Args[1] == "toolexec" {
		os.Exit(Run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
	}
	testenv.Main(m)
}
