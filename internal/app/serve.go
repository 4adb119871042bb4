package app

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/http/pprof"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"

	"prasan/internal/errs"
)

var errNoRecord = errs.New(errs.Unavailable, "error.no-record")

// Serve answers on the configured addresses until ctx ends; requests under way are
// finished, and the queue's jobs too.
func (a *App) Serve(ctx context.Context, ready func(addr string)) error {
	main, err := net.Listen("tcp", a.Config.Listen)
	if err != nil {
		return errs.Wrap(err, errs.Unavailable, "error.listen", "addr", a.Config.Listen)
	}
	admin, err := net.Listen("tcp", a.Config.AdminListen)
	if err != nil {
		main.Close()
		return errs.Wrap(err, errs.Unavailable, "error.listen", "addr", a.Config.AdminListen)
	}
	servers := []*http.Server{server(a.Handler()), server(a.adminHandler())}
	failed := make(chan error, 3)
	for i, l := range []net.Listener{main, admin} {
		go func() { failed <- servers[i].Serve(l) }()
	}
	work, stop := context.WithCancel(context.WithoutCancel(ctx))
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := a.Jobs.Run(work); err != nil {
			failed <- err
		}
	}()
	if ready != nil {
		ready(main.Addr().String())
	}
	select {
	case <-ctx.Done():
		err = nil
	case err = <-failed:
	}
	grace, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	for _, s := range servers {
		if e := s.Shutdown(grace); e != nil {
			slog.Warn("shutdown", "err", e)
		}
	}
	stop()
	<-done
	if errors.Is(err, http.ErrServerClosed) {
		err = nil
	}
	return err
}

// server has the limits that keep slow or endless clients from holding the program.
func server(h http.Handler) *http.Server {
	return &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 2 * time.Minute, WriteTimeout: 2 * time.Minute, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 32 << 10,
		ErrorLog: slog.NewLogLogger(slog.Default().Handler(), slog.LevelDebug)}
}

func (a *App) adminHandler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(a.metrics(), promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /debug/pprof/", pprof.Index)
	mux.HandleFunc("GET /debug/pprof/cmdline", pprof.Cmdline)
	mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	mux.HandleFunc("GET /healthz", healthz)
	mux.HandleFunc("GET /readyz", a.readyz)
	return mux
}
