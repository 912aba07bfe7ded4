//go:build amd64 || arm64

package record

import (
	"testing"
)

func TestOffsets(t *testing.T) {
	off, err := offsets()
	t.Log(off, err)
	if err != nil {
		t.Fatal(err)
	}
}
