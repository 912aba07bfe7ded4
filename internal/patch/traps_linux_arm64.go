package patch

type trapSystem interface{}

// traps is empty: words are swapped whole.
type traps struct{}

func (traps) install(System) error { return nil }

func (traps) learn([]*keyState, []*site) {}

func (p *Patcher) actOut() {}
