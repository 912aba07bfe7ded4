package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// drainTimeout is how long requests in flight may take when the process is told to end.
const drainTimeout = 10 * time.Second

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	if err := run(ctx, os.Args[1:], os.Stderr); err != nil {
		if !errors.Is(err, flag.ErrHelp) {
			fmt.Fprintln(os.Stderr, "kvd:", err)
			os.Exit(1)
		}
	}
}

// A config is what the flags say.
type config struct {
	addr, path string
	debug      string // address; empty: none
	logLevel   slog.Level
	logJSON    bool
	store      storeOptions
	server     serverOptions
}

func parseFlags(args []string, stderr io.Writer) (config, error) {
	var c config
	f := flag.NewFlagSet("kvd", flag.ContinueOnError)
	f.SetOutput(stderr)
	f.StringVar(&c.addr, "addr", "127.0.0.1:8089", "`address` to listen on; port 0 takes any")
	f.StringVar(&c.path, "db", "kvd.db", "`file` that holds the data; made if it is missing")
	f.StringVar(&c.debug, "debug", "", "`address` to show the hooks on over HTTP, such as 127.0.0.1:6060")
	f.Int64Var(&c.server.maxBody, "max-body", 1<<20, "largest request body in `bytes`")
	f.DurationVar(&c.server.timeout, "timeout", 10*time.Second, "longest wait of a request")
	f.DurationVar(&c.server.slow, "slow-request", time.Second, "log requests that take this long")
	f.DurationVar(&c.store.slowFsync, "slow-fsync", 50*time.Millisecond, "what the hook kvd.slow-fsync calls slow")
	f.BoolVar(&c.store.noSync, "no-sync", false, "don't wait for the disk: fast, and a crash may damage the file")
	f.TextVar(&c.logLevel, "log-level", slog.LevelInfo, "DEBUG, INFO, WARN or ERROR; DEBUG logs every request")
	f.BoolVar(&c.logJSON, "log-json", false, "log JSON")
	if err := f.Parse(args); err != nil {
		return c, err
	}
	switch {
	case f.NArg() > 0:
		return c, fmt.Errorf("unexpected argument %q", f.Arg(0))
	case c.server.maxBody <= 0 || c.server.timeout <= 0:
		return c, errors.New("-max-body and -timeout have to be positive")
	}
	return c, nil
}

// run serves until ctx ends, and then until the requests in flight are answered.
func run(ctx context.Context, args []string, stderr io.Writer) (err error) {
	c, err := parseFlags(args, stderr)
	if err != nil {
		return err
	}
	log := newLogger(c, stderr)

	st, err := openStore(c.path, c.store)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, st.Close()) }()

	stopHooks, err := serveHooks(log)
	if err != nil {
		log.Warn("hooks can't be reached from outside", "err", err)
	}
	defer func() { err = errors.Join(err, stopHooks()) }()

	if c.debug != "" {
		stop, err := serveDebug(c.debug, log)
		if err != nil {
			return err
		}
		defer stop() // its requests are cut off
	}

	ln, err := net.Listen("tcp", c.addr)
	if err != nil {
		return err
	}
	srv := newServer(st, log, c.server)
	hs := &http.Server{
		Handler:           srv,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       c.server.timeout,
		WriteTimeout:      2 * c.server.timeout,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
		ConnState:         connState,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
	log.Info("serving", "addr", ln.Addr().String(), "db", c.path, "pid", os.Getpid())

	failed := make(chan error, 1)
	go func() { failed <- hs.Serve(ln) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	log.Info("shutting down")
	srv.draining.Store(true)
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTimeout)
	defer cancel()
	if err := hs.Shutdown(drain); err != nil {
		return errors.Join(fmt.Errorf("shutting down: requests were cut off: %w", err), hs.Close())
	}
	return nil
}

// serveDebug serves the debug pages on an address of their own, which is easier to
// close to others than a path.
func serveDebug(addr string, log *slog.Logger) (stop func() error, err error) {
	h := debugHandler()
	if h == nil {
		return nil, errors.New("-debug: this kvd was built without hooks")
	}
	ln, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, err
	}
	srv := &http.Server{Handler: h, ReadHeaderTimeout: 5 * time.Second}
	go srv.Serve(ln)
	log.Info("serving debug pages", "addr", ln.Addr().String())
	return srv.Close, nil
}

func newLogger(c config, w io.Writer) *slog.Logger {
	opts := &slog.HandlerOptions{Level: c.logLevel}
	if c.logJSON {
		return slog.New(slog.NewJSONHandler(w, opts))
	}
	return slog.New(slog.NewTextHandler(w, opts))
}

func connState(c net.Conn, state http.ConnState) {
	if onConn.Armed() {
		onConn.Fire(ConnEvent{Remote: c.RemoteAddr().String(), State: state.String()})
	}
}
