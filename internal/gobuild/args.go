package gobuild

import (
	"fmt"
	"strconv"
	"strings"
)

// Args are the arguments of a go command with ours taken out.
type Args struct {
	Verb string // build, run, test or install

	Hooks []string // -hooks: patterns
	Min   int      // -hooks-min; -1 when not given
	Serve bool     // -hooks-serve: programs serve their control socket
	Trace []string // -trace of run and test: patterns armed from the first instruction on

	Dir      string   // -C
	Flags    []flag   // the go command's own, without -C
	Packages []string // as given; of run the package or the .go files
	Rest     []string // what follows them, passed on as it is
}

// A flag is one of the go command's, as it was given.
type flag struct {
	name, value string
	bool        bool // it may stand without a value
	bare        bool // it stood without a value
}

func (f flag) String() string {
	if f.bare {
		return "-" + f.name
	}
	return "-" + f.name + "=" + f.value
}

// The go command's flags that take no value, and those that do: "go help build", "go help
// test", "go help testflag" of Go 1.26. Others are the test binary's.
var (
	boolFlags = words(`a n race msan asan cover v work x buildvcs json linkshared modcacherw trimpath i
		c artifacts failfast fullpath short benchmem`)
	valueFlags = words(`C p covermode coverpkg asmflags buildmode compiler gccgoflags gcflags installsuffix ldflags mod
		modfile overlay pgo pkgdir tags toolexec debug-actiongraph debug-runtime-trace debug-trace o exec vet
		bench benchtime count cpu fuzz fuzztime fuzzminimizetime list outputdir parallel run shuffle skip timeout
		blockprofile blockprofilerate coverprofile cpuprofile memprofile memprofilerate mutexprofile mutexprofilefraction`)
)

func words(s string) map[string]bool {
	set := map[string]bool{}
	for _, w := range strings.Fields(s) {
		set[w] = true
	}
	return set
}

// ParseArgs reads what follows the verb. Arguments that are the go command's are not
// checked: it does that.
func ParseArgs(verb string, args []string) (*Args, error) {
	a := &Args{Verb: verb, Min: -1, Serve: true}
	for len(args) > 0 {
		arg := args[0]
		if arg == "--" && verb != "test" { // only packages may follow
			if args = args[1:]; len(args) == 0 {
				break
			}
			arg = args[0]
		}
		if !strings.HasPrefix(arg, "-") || arg == "-" {
			n := a.packages(args)
			a.Packages = append(a.Packages, args[:n]...)
			args = args[n:]
			if verb != "test" { // only there may flags follow
				a.Rest = args
				return a, nil
			}
			continue
		}
		if arg == "--" || arg == "-args" || arg == "--args" {
			a.Rest = args
			return a, nil
		}
		name, value, has := strings.Cut(strings.TrimPrefix(strings.TrimPrefix(arg, "-"), "-"), "=")
		rest := args[1:]
		take := func() (string, error) {
			if has {
				return value, nil
			}
			if len(rest) == 0 {
				return "", fmt.Errorf("flag -%s needs a value", name)
			}
			value, rest = rest[0], rest[1:]
			return value, nil
		}
		ours, err := a.ours(name, value, has, take)
		if err != nil {
			return nil, err
		}
		goName := strings.TrimPrefix(name, "test.")
		switch {
		case ours:
		case boolFlags[goName]:
			a.Flags = append(a.Flags, flag{name, value, true, !has})
		case valueFlags[goName]:
			if _, err := take(); err != nil {
				return nil, err
			}
			if name == "C" {
				a.Dir = value
			} else {
				a.Flags = append(a.Flags, flag{name, value, false, false})
			}
		case verb == "test" && len(a.Packages) > 0:
			// The test binary's. Whether the next argument is its value only that knows, and no package follows.
			a.Rest = args
			return a, nil
		default:
			a.Flags = append(a.Flags, flag{name, value, true, !has})
		}
		args = rest
	}
	return a, nil
}

// ours takes a flag that is not the go command's.
func (a *Args) ours(name, value string, has bool, take func() (string, error)) (ok bool, err error) {
	switch name {
	case "hooks":
		value, err = take()
		a.Hooks = append(a.Hooks, list(value)...)
	case "hooks-min":
		if value, err = take(); err == nil {
			if a.Min, err = strconv.Atoi(value); err != nil || a.Min < 0 {
				err = fmt.Errorf("-hooks-min %s: a whole number from 0 is needed", value)
			}
		}
	case "hooks-serve":
		a.Serve = true
		if has {
			if a.Serve, err = strconv.ParseBool(value); err != nil {
				err = fmt.Errorf("-hooks-serve=%s: true or false is needed", value)
			}
		}
	case "trace":
		if a.Verb != "run" && a.Verb != "test" {
			return true, fmt.Errorf("-trace is for gkhi run and gkhi test")
		}
		value, err = take()
		a.Trace = append(a.Trace, list(value)...)
	case "toolexec":
		err = fmt.Errorf("-toolexec is what gkhi %s uses itself", a.Verb)
	default:
		return false, nil
	}
	return true, err
}

// list takes a list apart, which has commas and may have spaces behind them.
func list(s string) (out []string) {
	for word := range strings.SplitSeq(s, ",") {
		if word = strings.TrimSpace(word); word != "" {
			out = append(out, word)
		}
	}
	return out
}

// packages returns how many of args, which begin with one, are packages.
func (a *Args) packages(args []string) int {
	n := 0
	for _, arg := range args {
		if strings.HasPrefix(arg, "-") && arg != "-" && a.Verb == "test" {
			break
		}
		if a.Verb == "run" && n > 0 && !(strings.HasSuffix(arg, ".go") && strings.HasSuffix(args[0], ".go")) {
			break
		}
		n++
	}
	return n
}

// value returns the last value of a flag of the go command.
func (a *Args) value(name string) string {
	v := ""
	for _, f := range a.Flags {
		if f.name == name && !f.bare {
			v = f.value
		}
	}
	return v
}

// only returns the flags of these names, as arguments.
func (a *Args) only(names map[string]bool) []string {
	var out []string
	for _, f := range a.Flags {
		if names[f.name] {
			out = append(out, f.String())
		}
	}
	return out
}

// Flags that decide what is built, and those that decide how, of which the first kind are some.
var (
	listFlags   = words("race msan asan mod modfile overlay tags compiler installsuffix buildmode modcacherw")
	exportFlags = words("race msan asan tags compiler installsuffix buildmode modcacherw trimpath asmflags gccgoflags linkshared p")
)
