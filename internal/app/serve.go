package app

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/http/pprof"
	"runtime/debug"
	"time"

	"prasan/internal/config"
	"prasan/internal/errs"
)

// Listeners are the open addresses of a server.
type Listeners struct{ main, admin net.Listener }

// Listen opens the addresses of c, and writes into it which ones they became: with port
// 0 the kernel chooses. It comes before New: an address that is taken is found out
// before anything is made, and who calls early waits instead of being refused.
func Listen(c *config.Server) (*Listeners, error) {
	l := &Listeners{}
	for _, x := range []struct {
		addr     *string
		listener *net.Listener
	}{{&c.Listen, &l.main}, {&c.AdminListen, &l.admin}} {
		var err error
		if *x.listener, err = net.Listen("tcp", *x.addr); err != nil {
			l.Close()
			return nil, errs.Wrap(err, errs.Unavailable, "error.listen", "addr", *x.addr)
		}
		*x.addr = (*x.listener).Addr().String()
	}
	return l, nil
}

// Close closes what was opened.
func (l *Listeners) Close() {
	for _, x := range []net.Listener{l.main, l.admin} {
		if x != nil {
			x.Close()
		}
	}
}

// Serve answers until ctx ends; requests under way are finished, and the queue's jobs
// too. ready is called once answers are given.
func (a *App) Serve(ctx context.Context, l *Listeners, ready func()) error {
	for _, f := range a.started {
		if err := f(ctx); err != nil {
			return err
		}
	}
	servers := []*http.Server{server(a.Handler()), server(a.adminHandler())}
	failed := make(chan error, 3)
	for i, listener := range []net.Listener{l.main, l.admin} {
		go func() { failed <- servers[i].Serve(listener) }()
	}
	work, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := a.Jobs.Run(work); err != nil {
			failed <- err
		}
	}()
	if ready != nil {
		ready()
	}
	// What only the start needed (catalogues, templates, the record) is given back.
	time.AfterFunc(2*time.Second, debug.FreeOSMemory)
	var err error
	select {
	case <-ctx.Done():
	case err = <-failed:
	}
	shutDown(servers)
	stop()
	<-done
	if errors.Is(err, http.ErrServerClosed) {
		err = nil
	}
	return err
}

// grace is how long requests under way may take at the end.
const grace = 20 * time.Second

func shutDown(servers []*http.Server) {
	ctx, cancel := context.WithTimeout(context.Background(), grace)
	defer cancel()
	for _, s := range servers {
		if err := s.Shutdown(ctx); err != nil {
			slog.Warn("shutdown", "err", err)
		}
	}
}

// server has the limits that keep slow or endless clients from holding the program.
func server(h http.Handler) *http.Server {
	return &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 2 * time.Minute, WriteTimeout: 2 * time.Minute, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 32 << 10,
		ErrorLog: slog.NewLogLogger(slog.Default().Handler(), slog.LevelDebug)}
}

func (a *App) adminHandler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /metrics", a.metrics)
	mux.HandleFunc("GET /debug/pprof/", pprof.Index)
	mux.HandleFunc("GET /debug/pprof/cmdline", pprof.Cmdline)
	mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	mux.HandleFunc("GET /healthz", healthz)
	mux.HandleFunc("GET /readyz", a.readyz)
	return mux
}
