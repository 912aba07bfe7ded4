//go:build !race

package testenv

// raceEnabled is whether the test was compiled with -race.
const raceEnabled = false
