// Command prasan is the program: it serves the sites and the office, and has the
// commands with which an installation is looked after.
package main

import (
	"context"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
)

// stdio is where a command reads and writes.
type stdio struct {
	in       io.Reader
	out, err io.Writer
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Getenv, stdio{os.Stdin, os.Stdout, os.Stderr})
	stop()
	os.Exit(code)
}

// run is the program without its process: it returns the exit code. 0 is done, 1 is
// refused or found something, 2 is used wrongly.
func run(ctx context.Context, args []string, env func(string) string, std stdio) int {
	slog.SetDefault(slog.New(slog.NewTextHandler(std.err, &slog.HandlerOptions{Level: logLevel(env("PRASAN_LOG"))})))
	p := &program{ctx: ctx, std: std, lang: language(env)}
	return p.do(args)
}

func logLevel(name string) slog.Level {
	var level slog.Level
	if err := level.UnmarshalText([]byte(name)); err != nil {
		return slog.LevelInfo
	}
	return level
}
