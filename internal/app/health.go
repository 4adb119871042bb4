package app

import (
	"context"
	"encoding/json"
	"net/http"
	"sync"
	"time"

	"prasan/internal/cases"
	"prasan/internal/db"
	"prasan/internal/errs"
)

var errNoRecord = errs.New(errs.Unavailable, "error.no-record")

// check is one line of /readyz.
type check struct {
	name string
	run  func(ctx context.Context) error
}

// readiness is the outcome of the checks, kept for a moment: one of them writes, and
// anybody may ask.
type readiness struct {
	mu     sync.Mutex
	at     time.Time
	status int
	body   []byte
}

const readyFor = 500 * time.Millisecond

// healthz says that the process lives.
func healthz(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	_, _ = w.Write([]byte("ok\n"))
}

// readyz answers 200 when all checks pass, else 503; the body names each.
func (a *App) readyz(w http.ResponseWriter, r *http.Request) {
	status, body := a.readiness(r.Context())
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(body)
}

func (a *App) readiness(ctx context.Context) (status int, body []byte) {
	r := &a.ready
	r.mu.Lock()
	defer r.mu.Unlock()
	if time.Since(r.at) < readyFor {
		return r.status, r.body
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	r.status = http.StatusOK
	out := map[string]string{}
	for _, c := range a.checks() {
		out[c.name] = "ok"
		if err := c.run(ctx); err != nil {
			r.status = http.StatusServiceUnavailable
			out[c.name] = "failed"
		}
	}
	r.body, _ = json.Marshal(map[string]any{"ready": r.status == http.StatusOK, "checks": out}) // strings and a boolean
	r.body = append(r.body, '\n')
	r.at = time.Now()
	return r.status, r.body
}

func (a *App) checks() []check {
	return []check{
		{"database", a.writable},
		{"keys", a.Vault.Ready},
		{"files", a.Blobs.Ready},
		{"record", func(context.Context) error {
			if a.Register.Snapshot(cases.Activity) == nil {
				return errNoRecord
			}
			return nil
		}},
		{"migrations", a.current},
	}
}

// writable changes a value in the database, there and back.
func (a *App) writable(ctx context.Context) error {
	return a.DB.InTx(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(`INSERT INTO settings (name, value) VALUES ('ready', '1') ON CONFLICT (name) DO UPDATE SET value = CASE settings.value WHEN '1' THEN '0' ELSE '1' END`)
		return err
	})
}

// current looks whether the schema is still one that this program knows: another node
// may have brought it further, which is meant, but nobody takes it back.
func (a *App) current(ctx context.Context) error {
	version, err := a.schemaVersion(ctx)
	if err == nil && version < a.schema {
		err = errs.New(errs.Unavailable, "error.migrations-pending", "n", a.schema-version)
	}
	return err
}
