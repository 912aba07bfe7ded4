package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/gkhi/gkhi/internal/control/sockdir"
	"github.com/gkhi/gkhi/internal/feature"
)

// groupSockets is the group of findings about how processes are reached.
const groupSockets = "sockets"

// sockets looks at the directories in which this user's hooked processes put their sockets. Whoever could write to one
// could pose as a process.
func sockets(dirs []string) []feature.Finding {
	var all []feature.Finding
	for i, dir := range dirs {
		f := socketDir(dir)
		f.Group, f.Name = groupSockets, "directory"
		if i > 0 {
			if _, err := os.Lstat(dir); err != nil {
				continue // one that might be used in another environment, and is not
			}
			f.Name = fmt.Sprintf("directory-%d", i+1)
		}
		all = append(all, f)
	}
	return all
}

func socketDir(dir string) feature.Finding {
	entries, err := sockdir.Entries(dir)
	if err != nil {
		return feature.Finding{
			State: feature.Missing, Detail: err.Error(),
			Advice: "programs that would put their sockets there can't be reached until that is done",
		}
	}
	if _, err := os.Lstat(dir); errors.Is(err, fs.ErrNotExist) {
		return feature.Finding{State: feature.OK, Detail: dir + " is made when a program serves"}
	}
	dead := 0
	for _, e := range entries {
		if e.Dead() {
			dead++
		}
	}
	f := feature.Finding{State: feature.OK, Detail: fmt.Sprintf("%s is closed to others; sockets: %d", dir, len(entries)-dead)}
	if dead > 0 {
		f.Detail += fmt.Sprintf(", and %d of processes that have ended, which the next program to serve removes", dead)
	}
	return f
}
