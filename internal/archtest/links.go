package archtest

import (
	"fmt"
	"net/url"
	"path"
	"regexp"
	"strings"
	"unicode"
)

// Parts of Markdown that matter to links.
var (
	inlineLink    = regexp.MustCompile(`\]\(\s*<?([^)\s>]+)>?(?:\s+"[^"]*")?\s*\)`)
	linkReference = regexp.MustCompile(`(?m)^ {0,3}\[[^\]^][^\]]*\]:\s*<?(\S+?)>?(?:\s+"[^"]*")?\s*$`)
	heading       = regexp.MustCompile(`(?m)^ {0,3}#{1,6}[ \t]+(.*?)(?:[ \t]+#+)?[ \t]*$`)
	fence         = regexp.MustCompile("(?ms)^[ \t]*(```+|~~~+).*?^[ \t]*(```+|~~~+)[ \t]*$")
	codeSpan      = regexp.MustCompile("`[^`\n]*`")
)

// checkLinks returns the relative links of a Markdown text that lead nowhere.
// The file's name and the links' targets are slash-separated paths from the
// module's root; exists reports whether a file or folder is there, and read
// returns a file's text, for its headings.
func checkLinks(name, text string, exists func(string) bool, read func(string) string) []string {
	var broken []string
	plain := codeSpan.ReplaceAllStringFunc(withoutFences(text), blank)
	for _, re := range []*regexp.Regexp{inlineLink, linkReference} {
		for _, m := range re.FindAllStringSubmatchIndex(plain, -1) {
			target := plain[m[2]:m[3]]
			if why := checkLink(name, text, target, exists, read); why != "" {
				line := 1 + strings.Count(plain[:m[0]], "\n")
				broken = append(broken, fmt.Sprintf("%s:%d: link to %s: %s", name, line, target, why))
			}
		}
	}
	return broken
}

// checkLink returns what is wrong with one link, or "".
func checkLink(name, text, target string, exists func(string) bool, read func(string) string) string {
	u, err := url.Parse(target)
	switch {
	case err != nil:
		return "not a valid address"
	case u.Scheme != "" || u.Host != "":
		return "" // elsewhere; a test needs no network
	case path.IsAbs(u.Path):
		return "begins with /, which is another place in a checkout than on a web page"
	}
	file := name
	if u.Path != "" {
		file = path.Join(path.Dir(name), u.Path)
		if !exists(file) {
			return file + " doesn't exist"
		}
		if u.Fragment != "" && strings.HasSuffix(file, ".md") {
			text = read(file)
		}
	}
	if u.Fragment != "" && strings.HasSuffix(file, ".md") && !anchors(text)[u.Fragment] {
		return fmt.Sprintf("%s has no heading for #%s", file, u.Fragment)
	}
	return ""
}

// anchors returns the names by which the headings of a Markdown text can be
// linked to, as code hosts form them.
func anchors(text string) map[string]bool {
	names := make(map[string]bool)
	for _, m := range heading.FindAllStringSubmatch(withoutFences(text), -1) {
		base := slug(m[1])
		name := base
		for i := 1; names[name]; i++ {
			name = fmt.Sprintf("%s-%d", base, i)
		}
		names[name] = true
	}
	return names
}

// slug returns the anchor of a heading.
func slug(title string) string {
	title = inlineLink.ReplaceAllString(title, "]") // only a link's text counts
	return strings.Map(func(r rune) rune {
		switch {
		case r == ' ':
			return '-'
		case r == '-' || r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r):
			return unicode.ToLower(r)
		}
		return -1
	}, title)
}

// withoutFences blanks the code blocks of a Markdown text, line by line.
func withoutFences(text string) string { return fence.ReplaceAllStringFunc(text, blank) }

// blank replaces all but line ends by spaces, so that line numbers hold.
func blank(s string) string {
	return strings.Map(func(r rune) rune {
		if r == '\n' {
			return r
		}
		return ' '
	}, s)
}
