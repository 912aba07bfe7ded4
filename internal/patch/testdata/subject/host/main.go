// Host does the words behind the first one as subject does; "load" loads the plugin that the first one
// names, and "plugin" runs the plugin's functions, 10 times each.
package main

import (
	"os"
	"plugin"

	"github.com/gkhi/gkhi/internal/patch/testdata/subject/subject"
)

func main() {
	for _, word := range os.Args[2:] {
		if word == "load" {
			load(os.Args[1])
			continue
		}
		subject.Do(word, os.Stdout)
	}
}

func load(path string) {
	p, err := plugin.Open(path)
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
}
