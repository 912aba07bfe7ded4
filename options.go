package gkhi

// A HookOption changes how a hook treats its handlers. See [Declare].
type HookOption func(*hookOptions)

type hookOptions struct {
	exclusive bool
	lifo      bool
}

// Exclusive lets a hook have one handler at a time; registering a second is
// [ErrExclusive].
func Exclusive() HookOption { return func(o *hookOptions) { o.exclusive = true } }

// LIFO makes handlers of equal priority run in the reverse order of their
// registration. The default is FIFO, the order of registration.
func LIFO() HookOption { return func(o *hookOptions) { o.lifo = true } }

// FIFO makes handlers of equal priority run in the order of their registration.
// It is the default.
func FIFO() HookOption { return func(o *hookOptions) { o.lifo = false } }

// A HandlerOption changes when and how often a handler is called.
type HandlerOption func(*handlerOptions)

type handlerOptions struct {
	place      place
	prio       int
	skip, max  uint64
	noControl  bool
	raises     bool
	conflicted bool
	onDetach   func(gone bool)
}

// A place is a handler's position relative to all of the others.
type place int8

const (
	placeFirst place = iota - 1
	placeAny
	placeLast
)

func (o *handlerOptions) setPlace(p place) {
	o.conflicted = o.conflicted || o.place != placeAny && o.place != p
	o.place = p
}

// First makes the handler run before all others. A hook has one First at most;
// a second is [ErrPriorityTaken].
func First() HandlerOption { return func(o *handlerOptions) { o.setPlace(placeFirst) } }

// Last makes the handler run after all others. A hook has one Last at most; a
// second is [ErrPriorityTaken].
func Last() HandlerOption { return func(o *handlerOptions) { o.setPlace(placeLast) } }

// Priority orders handlers between First and Last: higher runs earlier. The
// default is 0.
func Priority(p int) HandlerOption { return func(o *handlerOptions) { o.prio = p } }

// SkipHits lets the first n events after arming pass by without a call.
func SkipHits(n uint64) HandlerOption { return func(o *handlerOptions) { o.skip = n } }

// MaxHits disarms the handler when it was called n times since it was armed:
// never more than n, however many goroutines fire. 0 is no limit.
func MaxHits(n uint64) HandlerOption { return func(o *handlerOptions) { o.max = n } }

// NoControl keeps the handler from being armed and disarmed from outside the
// process: the control socket shows it and refuses to change it.
func NoControl() HandlerOption { return func(o *handlerOptions) { o.noControl = true } }

// raises marks a handler whose panics are meant for the program.
func raises() HandlerOption { return func(o *handlerOptions) { o.raises = true } }

// onDetach calls f, without locks held, after the handler was disarmed or, then
// gone is true, deregistered.
func onDetach(f func(gone bool)) HandlerOption { return func(o *handlerOptions) { o.onDetach = f } }
