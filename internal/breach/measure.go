package breach

import (
	"context"
	"database/sql"
	"slices"
	"strings"
	"time"

	"prasan/internal/audit"
	"prasan/internal/db"
	"prasan/internal/errs"
	"prasan/internal/jobs"
	"prasan/internal/mail"
	"prasan/internal/policy"
)

// Gates are the ways out of the program that may be closed until somebody opens them again.
var Gates = []string{"smtp", "imap", "ecms", "analytics", "sms", "oidc"}

// Measures are what is at hand to contain a breach beside words.
type Measures struct {
	// EndSessions ends the sessions of an account, or of all but the one who asks.
	EndSessions func(tx *db.Tx, account, except string) (int64, error)
	// RotateKeys asks for new keys.
	RotateKeys func(tx *db.Tx, account, reason string) error
}

// Measure is one that is taken: sessions, keys, or a gate of Gates.
type Measure struct {
	What    string
	Account string // whose sessions; "" for everybody's
	Reason  string
}

// Take takes a measure, in one transaction with its line in the history of the breach. In
// a drill it is noted and not taken.
func (s *Service) Take(ctx context.Context, a policy.Actor, id string, m Measure) (Breach, error) {
	reason, err := required("reason", m.Reason)
	if err != nil {
		return Breach{}, err
	}
	if m.What != "sessions" && m.What != "keys" && !slices.Contains(Gates, m.What) {
		return Breach{}, errs.InvalidField("measure", "error.breach-measure")
	}
	m.Account = strings.TrimSpace(m.Account)
	body := map[string]string{"measure": m.What, "account": m.Account, "text": reason}
	return s.change(ctx, a, id, "take", body, func(tx *db.Tx, b *Breach) error {
		b.Assessment.Contained = strings.TrimSpace(b.Assessment.Contained + "\n" + measureNames[m.What] + " " + m.Account + ": " + reason)
		if b.Drill {
			return nil
		}
		switch m.What {
		case "sessions":
			n, err := s.Measures.EndSessions(tx, m.Account, a.Account)
			body["n"] = itoa(int(n))
			return err
		case "keys":
			return s.Measures.RotateKeys(tx, a.Account, "breach:"+b.ID)
		}
		return closeGate(tx, m.What, a.Account, reason, b.ID)
	})
}

var measureNames = map[string]string{"sessions": "ยุติการเข้าใช้งาน", "keys": "เปลี่ยนกุญแจเข้ารหัส", "smtp": "ปิดทางส่งอีเมล", "imap": "ปิดทางรับอีเมล", "ecms": "ปิดทางแลกเปลี่ยนหนังสือ e-CMS", "analytics": "ปิดทางส่งข้อมูลวิเคราะห์ไปต่างประเทศ", "sms": "ปิดทางส่ง SMS", "oidc": "ปิดทางยืนยันตัวตนกับผู้ให้บริการ"}

// Gate is a way out that is closed.
type Gate struct {
	Name, ClosedBy, Reason, Breach string
	ClosedAt                       time.Time
}

func closeGate(tx *db.Tx, name, account, reason, breach string) error {
	_, err := tx.Exec(`INSERT INTO gates (name, closed_at, closed_by, reason, breach_id) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (name) DO NOTHING`, name, db.Micros(tx.Now()), account, reason, breach)
	return err
}

// IsOpen tells whether a way out may be used; it is asked at every connection.
func (s *Service) IsOpen(ctx context.Context, name string) error {
	var n int
	err := s.DB.Read(ctx, func(tx *db.Tx) error {
		return tx.QueryRow(`SELECT COUNT(*) FROM gates WHERE name = $1`, []any{name}, &n)
	})
	if err == nil && n > 0 {
		err = errs.New(errs.Unavailable, "error.gate-closed", "gate", name)
	}
	return err
}

// Closed lists the ways out that are closed.
func (s *Service) Closed(ctx context.Context) ([]Gate, error) {
	var out []Gate
	err := s.DB.Read(ctx, func(tx *db.Tx) error {
		out = nil
		return tx.Each(`SELECT name, closed_at, closed_by, reason, breach_id FROM gates ORDER BY name`, nil, func(rows *sql.Rows) error {
			var g Gate
			var at int64
			err := rows.Scan(&g.Name, &at, &g.ClosedBy, &g.Reason, &g.Breach)
			g.ClosedAt = db.Time(at)
			out = append(out, g)
			return err
		})
	})
	return out, err
}

// Open opens a way out again, with reasons.
func (s *Service) Open(ctx context.Context, a policy.Actor, name, reason string) error {
	reason, err := required("reason", reason)
	if err != nil {
		return err
	}
	return s.DB.InTx(ctx, func(tx *db.Tx) error {
		var id string
		if err := tx.QueryRow(`SELECT breach_id FROM gates WHERE name = $1`, []any{name}, &id); err != nil {
			return err
		}
		b, err := lock(tx, id)
		if err != nil {
			return err
		}
		if !policy.May(a, "breach.decide", b.Agency) {
			return errs.New(errs.Forbidden, "error.forbidden")
		}
		if _, err := tx.Exec(`DELETE FROM gates WHERE name = $1`, name); err != nil {
			return err
		}
		if name == "smtp" { // what has waited leaves now
			if err := s.Jobs.Enqueue(tx, mail.JobFlush, nil, jobs.Unique(mail.JobFlush+".gate")); err != nil {
				return err
			}
		}
		if err := s.note(tx, &b, a, "open-gate", map[string]string{"measure": name, "text": reason}); err != nil {
			return err
		}
		return s.Audit.Append(tx, audit.Event{Actor: a.Account, Action: "gate.open", Object: "gate:" + name, Body: map[string]any{"breach": b.ID}})
	})
}
