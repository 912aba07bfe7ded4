// Package eventjson shows events, which are Go values of any type, as JSON, and describes their types.
//
// It is not encoding/json, since it works on a live program's values, inside the call that fires them:
//
//   - It is bounded: text, elements, depth and the whole ([MaxBytes]) are cut, visibly.
//   - It does not follow pointers, and does not walk maps: who fires an event vouches for the value, not for all that can be reached
//     from it, and to walk a map that another goroutine writes to ends the program. The event itself may be a pointer, which is
//     followed, as its handlers do.
//   - It calls no methods but two kinds: Error, on errors, and String, on values with no pointers in them, such as enumerations. Another
//     type's String may take a lock that the goroutine holds that fired.
//   - Fields that are not exported are shown too, as events are often of a type that is not either.
//
// Names are those of the fields, or of their json tags; a field with the tag json:"-" is left out, for secrets. Durations are
// numbers of nanoseconds, times are RFC 3339, byte slices are text where they are text and else hexadecimal.
package eventjson
