package page

import (
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"strings"
)

//go:embed assets
var assets embed.FS

// scripts are the page's, in their order.
var scripts = []string{
	"base.js", "state.js", "data.js", "head.js", "table.js", "detail.js", "hist.js", "flame.js", "lanes.js", "timeline.js", "main.js",
}

// Render writes the page.
func Render(w io.Writer, d *Data) error {
	data, err := json.Marshal(d) // leaves no <, > or & in it
	if err != nil {
		return fmt.Errorf("writing the page's data: %w", err)
	}
	css := asset("page.css")
	var script strings.Builder
	script.WriteString("(() => {\n\"use strict\";\n")
	for _, name := range scripts {
		script.WriteString(asset(name))
	}
	script.WriteString("})();\n")
	_, err = strings.NewReplacer(
		"{{csp}}", html.EscapeString(policy(css, script.String())),
		"{{title}}", html.EscapeString(d.Head.Name+" – gkhi report"),
		"{{css}}", css,
		"{{script}}", script.String(),
		"{{data}}", string(data),
	).WriteString(w, asset("page.html"))
	if err != nil {
		return fmt.Errorf("writing the page: %w", err)
	}
	return nil
}

// policy lets the browser run the page's own script and style, and nothing else.
func policy(css, script string) string {
	return strings.Join([]string{
		"default-src 'none'", "script-src " + hash(script), "style-src " + hash(css), "img-src data:", "base-uri 'none'", "form-action 'none'",
	}, "; ")
}

func hash(s string) string {
	sum := sha256.Sum256([]byte(s))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

func asset(name string) string {
	b, err := assets.ReadFile("assets/" + name)
	if err != nil {
		panic(err) // it is compiled in, and the tests render
	}
	return string(b)
}
