package archtest

import (
	"reflect"
	"strings"
	"testing"
)

// mdTree is a made-up tree of documents.
var mdTree = map[string]string{
	"README.md":    "# Top\n",
	"docs":         "",
	"docs/a.md":    "# One\n## What it `does`, and why\n## One\n```\n# not a heading\n```\n## A [link](x.md) in it\n",
	"docs/pic.png": "",
}

func TestCheckLinks(t *testing.T) {
	tests := []struct {
		name string
		text string
		want []string // what is said after "docs/b.md:"
	}{
		{"file", "[x](a.md) [y](../README.md) [z](.) ![p](pic.png \"title\")", nil},
		{"missing", "fine\n\nsee [x](c.md), [y](<d.md>)", []string{
			"3: link to c.md: docs/c.md doesn't exist",
			"3: link to d.md: docs/d.md doesn't exist",
		}},
		{"elsewhere", "[x](https://example.com/none) <mailto:a@example.com> [m](mailto:a@example.com)", nil},
		{"reference", "[x][1]\n\n[1]: none.md\n[^1]: a footnote\n", []string{"3: link to none.md: docs/none.md doesn't exist"}},
		{"absolute", "[x](/README.md)", []string{"1: link to /README.md: begins with /, which is another place in a checkout than on a web page"}},
		{"code", "`[x](none.md)`\n```md\n[x](none.md)\n```\n- item\n  ```\n  [x](none.md)\n  ```\n", nil},
		{"line after code", "```\ncode\n```\n[x](none.md)\n", []string{"4: link to none.md: docs/none.md doesn't exist"}},
		{"heading", "[x](a.md#one) [y](a.md#one-1) [z](a.md#what-it-does-and-why) [l](a.md#a-link-in-it)", nil},
		{"no heading", "[x](a.md#not-a-heading)", []string{"1: link to a.md#not-a-heading: docs/a.md has no heading for #not-a-heading"}},
		{"own heading", "# Here\n[x](#here) [y](#there)", []string{"2: link to #there: docs/b.md has no heading for #there"}},
		{"line in a file", "[x](../README.md#top) [y](pic.png#L10)", nil},
		{"bad address", "[x](%zz.md)", []string{"1: link to %zz.md: not a valid address"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			exists := func(name string) bool { _, ok := mdTree[name]; return ok }
			read := func(name string) string { return mdTree[name] }
			var got []string
			for _, b := range checkLinks("docs/b.md", tt.text, exists, read) {
				got = append(got, strings.TrimPrefix(b, "docs/b.md:"))
			}
			if !reflect.DeepEqual(got, tt.want) {
				t.Errorf("checkLinks = %q, want %q", got, tt.want)
			}
		})
	}
}
