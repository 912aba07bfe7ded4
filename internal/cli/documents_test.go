package cli

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestDocuments holds the commands in the documents to what the command takes, and
// the hooks named there to those of examples/kvd. That they do what the text says is for its author to see.
func TestDocuments(t *testing.T) {
	files, err := filepath.Glob("../../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	declared, err := os.ReadFile("../../examples/kvd/hooks.go")
	if err != nil {
		t.Fatal(err)
	}
	commands := 0
	for _, file := range append(files, "../../README.md") {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range documented(string(text)) {
			commands++
			args := shellWords(line)
			if err := parses(args); err != nil {
				t.Errorf("%s: %q: %v", filepath.Base(file), line, err)
			}
			for _, a := range args {
				name, _, _ := strings.Cut(a, "/")
				name, _, _ = strings.Cut(name, ">") // a condition
				if strings.HasPrefix(name, "kvd.") && !strings.ContainsAny(name, "*?[") && !bytes.Contains(declared, []byte(`"`+name+`"`)) {
					t.Errorf("%s: %q: examples/kvd has no hook %s", filepath.Base(file), line, name)
				}
			}
		}
	}
	if commands < 20 {
		t.Errorf("only %d commands were found", commands)
	}
}

var (
	consoleBlock = regexp.MustCompile("(?ms)^```console$(.*?)^```$")
	gkhiLine     = regexp.MustCompile(`(?m)^\$ (?:\./)?gkhi (.*)$`)
)

// documented returns the arguments of the gkhi commands in a Markdown text's console blocks.
func documented(text string) (lines []string) {
	for _, block := range consoleBlock.FindAllStringSubmatch(text, -1) {
		for _, m := range gkhiLine.FindAllStringSubmatch(block[1], -1) {
			lines = append(lines, m[1])
		}
	}
	return lines
}

// shellWords splits a line as a shell would, up to a pipe or a comment. It knows
// single quotes only.
func shellWords(line string) (words []string) {
	word, quoted, in := "", false, false
	end := func() {
		if in {
			words = append(words, word)
		}
		word, in = "", false
	}
	for _, r := range line {
		switch {
		case r == '\'':
			quoted, in = !quoted, true
		case quoted:
			word += string(r)
		case r == ' ':
			end()
		case (r == '#' || r == '|') && !in:
			return words
		default:
			word, in = word+string(r), true
		}
	}
	end()
	return words
}

// parses reports what is wrong with a command line, without running it.
func parses(args []string) error {
	root := newRoot(newEnv(nil, &bytes.Buffer{}, &bytes.Buffer{}))
	cmd, rest, err := root.Find(args)
	if err != nil {
		return err
	}
	if cmd == root {
		return unknownCommand(root, args)
	}
	if err := cmd.ParseFlags(rest); err != nil {
		return err
	}
	return cmd.ValidateArgs(cmd.Flags().Args())
}

func TestShellWords(t *testing.T) {
	for line, want := range map[string][]string{
		`ls`:                          {"ls"},
		`ls kvd 'kvd.co*' -v  # what`: {"ls", "kvd", "kvd.co*", "-v"},
		`fail kvd a 'return("x y")'`:  {"fail", "kvd", "a", `return("x y")`},
		`trace kvd '' | jq -c '.a|b'`: {"trace", "kvd", ""},
	} {
		if got := shellWords(line); !slices.Equal(got, want) {
			t.Errorf("%q: %q, want %q", line, got, want)
		}
	}
	for _, wrong := range []string{"lst kvd", "trace kvd", "stat kvd a --hits", "fail kvd a b c", "stat kvd a -d soon"} {
		if parses(shellWords(wrong)) == nil {
			t.Errorf("%q passes", wrong)
		}
	}
}
