package patch

import (
	"testing"

	"github.com/gkhi/gkhi/internal/testenv"
)

func TestMain(m *testing.M) { testenv.Main(m) }
