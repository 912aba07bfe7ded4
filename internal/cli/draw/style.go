package draw

// Style writes text in colours and weights, or as it is when it is off. The zero value is off.
type Style struct{ on bool }

// NewStyle returns a Style that is on or off.
func NewStyle(on bool) Style { return Style{on} }

// On reports whether the style does anything.
func (s Style) On() bool { return s.on }

func (s Style) wrap(code, text string) string {
	if !s.on || text == "" {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

// The styles, by what they are for. Only the 8 colours that users have adapted to their background are used.
func (s Style) Title(text string) string { return s.wrap("1", text) }
func (s Style) Faint(text string) string { return s.wrap("2", text) }
func (s Style) Name(text string) string  { return s.wrap("36", text) }
func (s Style) Good(text string) string  { return s.wrap("32", text) }
func (s Style) Warn(text string) string  { return s.wrap("33", text) }
func (s Style) Bad(text string) string   { return s.wrap("31", text) }
func (s Style) Bar(text string) string   { return s.wrap("34", text) }
