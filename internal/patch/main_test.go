package patch

import (
	"testing"

	"github.com/gkhi/gkhi/internal/testenv"
)

//go:generate go run ./testdata/torture/gen.go

func TestMain(m *testing.M) { testenv.Main(m) }
