package report

import "github.com/gkhi/gkhi/internal/event"

// callers finds out who called, from stacks, where no recorded call is around. Functions that are in Funcs have their index; the others
// are numbered down from -2.
type callers struct {
	r     *event.Reader
	known map[callerKey]int
	at    map[string]int // by name
	funcs int            // so many of Funcs are in at
	names []string       // of -2, -3 …
}

type callerKey struct{ fn, stack int }

// of returns the function that made a call which has a stack; -1 where that has nobody.
func (k *callers) of(c *Call) int {
	key := callerKey{c.Func, c.Stack}
	if at, ok := k.known[key]; ok {
		return at
	}
	if k.known == nil {
		k.known, k.at = map[callerKey]int{}, map[string]int{}
	}
	at := -1
	if f := directCaller(&k.r.Definitions, c.Stack, k.r.Funcs[c.Func].Name); f != "" {
		at = k.number(f)
	}
	k.known[key] = at
	return at
}

// number returns a function's number.
func (k *callers) number(name string) int {
	for ; k.funcs < len(k.r.Funcs); k.funcs++ {
		k.at[k.r.Funcs[k.funcs].Name] = k.funcs
	}
	at, ok := k.at[name]
	if !ok {
		at = -2 - len(k.names)
		k.names = append(k.names, name)
		k.at[name] = at
	}
	return at
}

// directCaller is the innermost function of a stack but for the one that was called; "" for none.
func directCaller(d *event.Definitions, stack int, called string) string {
	for _, pc := range d.Stacks[stack] {
		for _, f := range d.Frames[pc] {
			if f.Func != called && f.Func != goexit {
				return f.Func
			}
		}
	}
	return ""
}

// goexit is the outermost frame of every goroutine.
const goexit = "runtime.goexit"

// outermost is the function that a goroutine was started with, by a stack; "" where the stack does not reach that far.
func outermost(d *event.Definitions, stack int) string {
	pcs, name, whole := d.Stacks[stack], "", false
	for i := len(pcs) - 1; i >= 0; i-- {
		fs := d.Frames[pcs[i]]
		for j := len(fs) - 1; j >= 0; j-- {
			switch f := fs[j].Func; {
			case f == goexit:
				whole = true
			case !whole:
				return ""
			case f == "runtime.main" || isWrapper(f): // what the runtime and the compiler put around it
				name = f
			default:
				return f
			}
		}
	}
	return name
}

// isWrapper reports whether a function is one that the compiler makes of a go statement: main.f.gowrap1.
func isWrapper(name string) bool {
	i := len(name)
	for i > 0 && name[i-1] >= '0' && name[i-1] <= '9' {
		i--
	}
	const wrap = ".gowrap"
	return i < len(name) && i >= len(wrap) && name[i-len(wrap):i] == wrap
}
