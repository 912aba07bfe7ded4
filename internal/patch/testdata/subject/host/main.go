// Host loads the plugin named first and does the other words, as subject does;
// "plugin" runs the plugin's functions, 10 times each.
package main

import (
	"os"
	"plugin"

	"github.com/gkhi/gkhi/internal/patch/testdata/subject/subject"
)

func main() {
	p, err := plugin.Open(os.Args[1])
	if err != nil {
		panic(err)
	}
	own, err := p.Lookup("Own")
	if err != nil {
		panic(err)
	}
	leaf, err := p.Lookup("Leaf")
	if err != nil {
		panic(err)
	}
	subject.Extra = func() {
		for i := range 10 {
			if own.(func(int) int)(i) != i+2 || leaf.(func(int) int)(i) != i+3 {
				panic("wrong result")
			}
		}
	}
	for _, word := range os.Args[2:] {
		subject.Do(word, os.Stdout)
	}
}
