// Shared is the subject as a C shared library.
package main

import "C"

import (
	"os"

	"github.com/gkhi/gkhi/internal/patch/testdata/subject/subject"
)

//export Do
func Do(word *C.char) { subject.Do(C.GoString(word), os.Stdout) }

func main() {}
