package scan

// Scan scans text of the CPU that the program runs on: it is AMD64.
func Scan(in *Input) *Result { return AMD64(in) }
