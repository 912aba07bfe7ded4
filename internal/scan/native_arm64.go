package scan

// Scan scans text of the CPU that the program runs on: it is ARM64.
func Scan(in *Input) *Result { return ARM64(in) }
