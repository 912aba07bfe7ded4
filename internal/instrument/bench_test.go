package instrument

import (
	"testing"

	"github.com/gkhi/gkhi/internal/testenv"
)

// BenchmarkRewrite is what gkhi build adds to a compilation, in bytes of source.
func BenchmarkRewrite(b *testing.B) {
	testenv.Need(b, testenv.GoCommand)
	pkg := goList(b, "go/types")[0].pkg(b)
	size := 0
	for _, f := range pkg.Files {
		size += len(f.Src)
	}
	b.SetBytes(int64(size))
	for b.Loop() {
		if _, err := Rewrite(pkg, Options{Min: DefaultMin}); err != nil {
			b.Fatal(err)
		}
	}
}
