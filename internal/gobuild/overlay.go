package gobuild

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
)

// absoluteOverlay writes the user's overlay, where names of files are relative to the build's folder, to a temporary file in which they are
// absolute, for a go command that runs elsewhere. The name is empty when there is none.
func (b *builder) absoluteOverlay() (name string, err error) {
	from := b.value("overlay")
	if from == "" {
		return "", nil
	}
	text, err := os.ReadFile(b.absolute(from))
	if err != nil {
		return "", fmt.Errorf("read the overlay: %w", err)
	}
	var overlay struct{ Replace map[string]string }
	if err := json.Unmarshal(text, &overlay); err != nil {
		return "", fmt.Errorf("read the overlay %s: %w", from, err)
	}
	absolute := map[string]string{}
	for file, by := range overlay.Replace {
		if by != "" { // or else the file is hidden
			by = b.absolute(by)
		}
		absolute[b.absolute(file)] = by
	}
	overlay.Replace = absolute
	if text, err = json.Marshal(overlay); err != nil {
		return "", err
	}
	name = filepath.Join(b.temp, "overlay.json")
	return name, os.WriteFile(name, text, 0o600)
}

// absolute is a file's name as the build's folder has it.
func (b *builder) absolute(name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(b.dir, name)
}
