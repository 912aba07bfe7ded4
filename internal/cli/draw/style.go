package draw

// Style writes text in colours and weights, or as it is when it is off. The zero value is off. It uses only the 8
// colours that users have adapted to their background.
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

// Title is for the head of a table or a part.
func (s Style) Title(text string) string { return s.wrap("1", text) }

// Faint is for what is read last, such as times.
func (s Style) Faint(text string) string { return s.wrap("2", text) }

// Name is for the names of hooks and the like.
func (s Style) Name(text string) string { return s.wrap("36", text) }

// Good is for what works, and what is armed.
func (s Style) Good(text string) string { return s.wrap("32", text) }

// Warn is for what is not quite as it should be.
func (s Style) Warn(text string) string { return s.wrap("33", text) }

// Bad is for what is broken or missing.
func (s Style) Bad(text string) string { return s.wrap("31", text) }

// Bar is for the bars of histograms.
func (s Style) Bar(text string) string { return s.wrap("34", text) }

// Hue is for telling apart things that have numbers, such as goroutines: the same number has the same colour.
func (s Style) Hue(n int, text string) string {
	return s.wrap([]string{"31", "32", "33", "34", "35", "36"}[uint(n)%6], text)
}
