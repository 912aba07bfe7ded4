package report

// IDs is a set of goroutines, of which there may be millions in a recording: numbers near each other take a bit each. The zero
// value is empty. When it has grown too large it forgets all, so it says "new" again of some.
type IDs struct {
	pages map[uint64]*[pageWords]uint64
}

const (
	pageWords = 64
	pageBits  = pageWords * 64
	maxPages  = 1 << 15 // 16 MiB
)

// Add reports whether id is new.
func (s *IDs) Add(id uint64) bool {
	page := s.pages[id/pageBits]
	if page == nil {
		if s.pages == nil || len(s.pages) >= maxPages {
			s.pages = map[uint64]*[pageWords]uint64{}
		}
		page = new([pageWords]uint64)
		s.pages[id/pageBits] = page
	}
	word, bit := &page[id/64%pageWords], uint64(1)<<(id%64)
	isNew := *word&bit == 0
	*word |= bit
	return isNew
}
