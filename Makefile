# Habits, each a line that you could type yourself. CI doesn't use this file:
# .ci/run has everything that a change must pass, and .ci/run -l lists it.

.PHONY: all build test race lint fuzz bench demo ci clean

all: build test

build:
	go build -o gkhi ./cmd/gkhi

test:
	go test ./...

race:
	go test -race ./...

lint:
	.ci/run mod fmt generate vet staticcheck shell

fuzz:
	.ci/run fuzz

# Every benchmark, measured; .ci/run bench runs each once, to see that it works.
bench:
	go test -run '^$$' -bench . ./...

demo:
	go run ./cmd/gkhi demo

ci:
	.ci/run

clean:
	rm -rf gkhi .ci/out
