package app

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"prasan/internal/db"
)

// check is one line of /readyz.
type check struct {
	name string
	run  func(ctx context.Context) error
}

// healthz says that the process lives.
func healthz(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	_, _ = w.Write([]byte("ok\n"))
}

// readyz runs the checks and answers 200 when all pass, else 503; the body names each.
func (a *App) readyz(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), 5*time.Second)
	defer cancel()
	status, out := http.StatusOK, map[string]string{}
	for _, c := range a.checks() {
		out[c.name] = "ok"
		if err := c.run(ctx); err != nil {
			status = http.StatusServiceUnavailable
			out[c.name] = "failed"
		}
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{"ready": status == http.StatusOK, "checks": out})
}

func (a *App) checks() []check {
	return []check{
		{"database", func(ctx context.Context) error {
			return a.DB.InTx(ctx, func(tx *db.Tx) error {
				_, err := tx.Exec(`INSERT INTO settings (name, value) VALUES ('ready', '1') ON CONFLICT (name) DO UPDATE SET value = CASE settings.value WHEN '1' THEN '0' ELSE '1' END`)
				return err
			})
		}},
		{"keys", a.Vault.Ready},
		{"record", func(context.Context) error {
			if a.Register.Snapshot("contact-us") == nil {
				return errNoRecord
			}
			return nil
		}},
		{"migrations", func(context.Context) error { return nil }}, // checked at start: the program does not serve an old schema
	}
}
