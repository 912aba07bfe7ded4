// Package measure is what the commands of this module share: they time a loop in one goroutine or
// several, say what machine it was, print figures, and put tables into documents.
package measure
