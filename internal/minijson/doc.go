// Package minijson writes and reads JSON for what is linked into other people's programs, in a
// tenth of the room that encoding/json takes there, with no reflection. It knows structs only whose
// fields are listed in a method, which serves both directions:
//
//	func (p *Place) JSON(c *minijson.Coder) {
//		c.String("name", &p.Name, minijson.Always)
//		c.Int("line", &p.Line, minijson.NonZero)
//	}
//
// What is written is byte for byte what encoding/json writes for a struct with such tags, but that a [Raw]
// is passed on as it is. What is read means the same to encoding/json, but some of what that takes is refused:
// a field that is there twice, nesting deeper than [MaxDepth], and anything but spaces after the value.
// Tests and fuzzing hold it to both.
package minijson

// Fields lists an object's fields, by calling a method of c for each. It does so in the
// same order each time, calls no more than 64, and nothing else depends on whether c writes or reads.
//
// It is a method such as JSON above. An interface instead would bring a description of each such struct into the program, with the
// fields' names and tags.
type Fields = func(c *Coder)

// When says whether a field is written that has its zero value, or no elements.
type When bool

// The two ways, of which the second is the tag omitempty.
const (
	Always  When = true
	NonZero When = false
)

// Raw is a JSON value as it was written. With encoding/json it acts as a json.RawMessage does.
type Raw []byte

// MarshalJSON returns r; null for nil.
func (r Raw) MarshalJSON() ([]byte, error) {
	if r == nil {
		return []byte("null"), nil
	}
	return r, nil
}

// UnmarshalJSON makes r a copy of data.
func (r *Raw) UnmarshalJSON(data []byte) error {
	*r = append((*r)[:0], data...)
	return nil
}

// A Coder is in the middle of writing or reading one object.
type Coder struct {
	reading bool
	err     error // the first

	// Writing.
	out   []byte
	begun bool // the object has a field

	// Reading.
	in     []byte
	at     int // in in
	depth  int
	strict bool
	key    string // of the field that is to be read
	taken  bool   // somebody wanted it
	index  int    // of the next field that the object lists
	seen   uint64 // the fields that were there, by their index
}
