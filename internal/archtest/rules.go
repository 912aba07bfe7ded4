package archtest

// module is the path of the module that the rules are about.
const module = "github.com/gkhi/gkhi"

// platforms are those that every package must build for. The first is the main
// one. .ci/run also compiles the tests for each of them.
var platforms = []string{
	"linux/amd64",
	"linux/arm64",
	"darwin/amd64",
	"darwin/arm64",
	"windows/amd64",
	"freebsd/amd64",
}

// In the tables below a package of this module is written as its folder, "."
// for the root, any other by its import path. A final "/..." also matches all
// packages below.

// A layer is a set of units, each a folder with its packages. A package imports
// from its own unit and from the layers before its own: so there are no cycles
// between units, and what is at the bottom can be used, tested and understood
// alone.
type layer struct {
	name  string
	why   string
	units []string
}

// layers are in the order of imports: from the bottom to the top. Units that
// design asks for and nobody has written yet are listed too.
var layers = []layer{
	{
		name:  "JSON",
		why:   "what formats have for a part of theirs: imports nothing of ours",
		units: []string{"internal/minijson"},
	},
	{
		name: "words",
		why:  "formats and small algorithms that writers and readers share: know JSON, and nothing else of ours",
		units: []string{
			"internal/event", "internal/glob", "internal/insn", "internal/near",
			"internal/sitetab", "internal/testenv",
		},
	},
	{
		name:  "languages",
		why:   "text to meaning, values to text: no system under them",
		units: []string{"internal/calls", "internal/failpoint", "internal/hist", "internal/probe/syntax"},
	},
	{
		name: "machine",
		why:  "one facility of CPU, kernel or file format each, ignorant of hooks",
		units: []string{
			"internal/argplace", "internal/feature", "internal/inliner", "internal/instrument", "internal/scan",
			"internal/symtab", "internal/textmem",
		},
	},
	{
		name:  "laying down",
		why:   "finds the sites in a program's file, with scan",
		units: []string{"internal/laydown"},
	},
	{
		name:  "patching",
		why:   "the state machine over scan and textmem",
		units: []string{"internal/patch"},
	},
	{
		name:  "recording",
		why:   "trampolines are called from patched sites",
		units: []string{"internal/record"},
	},
	{
		name:  "functions",
		why:   "the points of gkhi build, over patching and recording",
		units: []string{"internal/funcs"},
	},
	{
		name:  "control",
		why:   "the socket serves an interface that the library implements, so it is below the library",
		units: []string{"internal/control"},
	},
	{
		name:  "functions on the socket",
		why:   "what gkhi build adds to programs that don't use the library, and what the library says of functions",
		units: []string{"internal/funcserve"},
	},
	{
		name:  "library",
		why:   "the public API: all that an instrumented program links is from here down",
		units: []string{"."},
	},
	{
		name:  "doors",
		why:   "imports that switch a part of the library on",
		units: []string{"autoserve", "gkhihttp"},
	},
	{
		name:  "engines",
		why:   "what the command needs and an instrumented program must not link",
		units: []string{"internal/attach", "internal/probe/resolve", "internal/report", "internal/toolexec"},
	},
	{
		name:  "building",
		why:   "the go command with toolexec in it",
		units: []string{"internal/gobuild"},
	},
	{
		name:  "compiler",
		why:   "needs the types that resolve finds",
		units: []string{"internal/probe/compile"},
	},
	{
		name:  "command",
		why:   "joins everything; one file a command",
		units: []string{"internal/cli"},
	},
	{
		name:  "programs",
		why:   "thin mains, and programs that use the library as anybody would",
		units: []string{"cmd", "examples", "internal/archtest", "internal/tools"},
	},
}

// A ban forbids imports, in code that isn't a test's.
type ban struct {
	importers []string // who: patterns; "./..." is everybody
	except    []string // and who not
	banned    []string // what: patterns
	deep      bool     // also what the importers import, and so on
	why       string
}

// linked is what an instrumented program links.
var linked = []string{".", "autoserve", "internal/funcserve/auto"}

// pure are the packages that give the same answer on every machine.
var pure = []string{
	"internal/calls/...", "internal/event/...", "internal/glob/...", "internal/hist/...", "internal/insn/...",
	"internal/minijson/...", "internal/near/...", "internal/probe/syntax/...", "internal/sitetab/...",
}

var bans = []ban{
	{
		importers: linked,
		banned:    []string{"thirdparty"},
		deep:      true,
		why:       "it is linked into other people's programs, whose dependencies are theirs to choose",
	},
	{
		importers: linked,
		banned:    []string{"expvar", "flag", "net/http/pprof", "plugin", "testing", "internal/testenv/..."},
		deep:      true,
		why:       "importing it changes the importing program: global flags, HTTP handlers, the way it is linked",
	},
	{
		importers: linked,
		banned:    []string{"net/http/..."},
		deep:      true,
		why:       "it would more than double the size of a small program; who wants hooks over HTTP imports gkhihttp",
	},
	{
		importers: []string{"internal/funcserve/auto"},
		banned:    []string{"internal/control/eventjson", "internal/failpoint", "encoding/json"},
		deep:      true,
		why:       "gkhi build adds it to programs of any size, which have no hooks: each package is some hundredths of a small one",
	},
	{
		importers: []string{".", "internal/..."},
		except:    []string{"internal/cli/...", "internal/tools/..."},
		banned:    []string{"log", "log/slog"},
		why:       "a library returns errors; where its words go is the program's decision",
	},
	{
		importers: pure,
		banned:    []string{"os/...", "net/...", "syscall", "golang.org/x/sys/...", "time/tzdata", "runtime/..."},
		why:       "pure: bytes in, meaning out, the same on every host, so that an arm64 binary can be examined on amd64",
	},
	{
		importers: []string{"internal/sitetab/...", "internal/textmem/..."},
		banned:    []string{module + "/..."},
		why:       "a format, or a dangerous act, that everybody shares depends on nobody",
	},
	{
		importers: []string{"./..."},
		except:    []string{"cmd/gkhi", "internal/cli/..."},
		banned:    []string{"internal/cli/..."},
		why:       "commands join the parts; a part that needs one is in the wrong place",
	},
	{
		importers: []string{"internal/..."},
		except:    []string{"internal/cli/..."},
		banned:    []string{"."},
		why:       "the library is made of these; they know bytes and terms, not hooks",
	},
	{
		importers: []string{"./..."},
		except:    []string{"internal/attach/...", "internal/probe/compile/...", "internal/symtab/..."},
		banned:    []string{"github.com/cilium/ebpf/..."},
		why:       "one place loads programs into the kernel, one makes them, one reads types for them",
	},
	{
		importers: []string{"./..."},
		except:    []string{".", "internal/patch", "internal/record"},
		banned:    []string{"internal/textmem/..."},
		why:       "only the patch protocol may change text: its steps are what keeps running threads alive",
	},
	{
		importers: []string{"./..."},
		except:    []string{"internal/testenv"},
		banned:    []string{"testing/...", "internal/testenv/..."},
		why:       "they are for tests; in a program they bring flags and dead weight",
	},
	{
		importers: []string{"./..."},
		except: []string{
			".",                         // key words at fixed addresses, which sites refer to
			"internal/control/peercred", // a raw system call that package syscall doesn't have
			"internal/control/self",     // the process's own ELF notes, in memory
			"internal/feature",          // raw system calls, to see what the kernel says
			"internal/patch/...",        // text as bytes, trampolines
			"internal/record/...",       // per-thread buffers that assembly writes
			"internal/scan/...",         // text as bytes
			"internal/textmem/...",      // text as bytes, raw system calls
		},
		banned: []string{"unsafe"},
		why:    "each use is one more place where the garbage collector and the race detector see nothing",
	},
}

// A sourceRule forbids something in source files that aren't a test's.
type sourceRule struct {
	calls    []string // functions, as "os.Exit"; a final * matches any ending
	literals []string // whole string literals
	except   []string // packages where it is right
	inMain   bool     // it is also right inside func main of a command
	why      string
}

var sourceRules = []sourceRule{
	{
		calls:  []string{"os.Exit", "log.Fatal*", "log.Panic*", "syscall.Exit"},
		except: []string{"internal/testenv"}, // Main ends the test process, as TestMain does
		inMain: true,
		why:    "deferred functions don't run; only main decides that a process ends",
	},
	{
		calls:    []string{"syscall.Mprotect", "unix.Mprotect"},
		literals: []string{"/proc/self/mem", "/proc/thread-self/mem"},
		except: []string{
			"internal/textmem",
			"internal/feature",  // tries whether it would work, on a page of its own
			"internal/archtest", // this table
		},
		why: "internal/textmem is the only code that writes to text or changes its protection",
	},
}

// maxLines is the most lines that a Go file may have.
const maxLines = 600

// A wordRule forbids a word in every text of the tree.
type wordRule struct {
	word string
	why  string
}

// The words are in halves, or this file would break its own rule.
var wordRules = []wordRule{
	{"TO" + "DO", "what is left to do is an issue, where somebody sees it"},
	{"FIX" + "ME", "mend it, or file an issue"},
	{"XX" + "X", "say what is wrong, in words"},
}
