package analytics

import (
	"context"
	"slices"
	"time"

	"prasan/internal/analytics/ga"
	"prasan/internal/audit"
	"prasan/internal/consent"
	"prasan/internal/db"
	"prasan/internal/errs"
	"prasan/internal/policy"
	"prasan/internal/processing"
)

// Abroad follows a visitor's choice, in its transaction: under a consent it keeps by
// which id the provider knows him, so that he can be forgotten there; without one,
// nothing that waits is passed on any more, and where he asks for it the provider is
// asked to delete what it has.
func (s *Service) Abroad(tx *db.Tx, c consent.Abroad) error {
	var clients []string
	if c.Visitor != "" {
		clients = append(clients, clientID(s.CookieKey(c.Visitor)))
	}
	if c.Allowed {
		if s.googleSite(c.Site).Way == WayOff || len(clients) == 0 {
			return nil
		}
		_, err := tx.Exec(`INSERT INTO google_clients (receipt, host, client, at) VALUES ($1, $2, $3, $4) ON CONFLICT (receipt) DO NOTHING`, c.Receipt, c.Site, clients[0], db.Micros(tx.Now()))
		return err
	}
	if len(clients) > 0 {
		if err := s.foldAll(tx); err != nil { // what waits to be counted would be passed on
			return err
		}
	}
	known := false
	for _, client := range clients {
		if err := unpark(tx, c.Site, client); err != nil {
			return err
		}
		var n int64
		if err := tx.QueryRow(`SELECT COUNT(*) FROM google_clients WHERE client = $1`, []any{client}, &n); err != nil {
			return err
		}
		known = n > 0
	}
	if !c.Erase {
		return nil
	}
	if !known {
		clients = nil // he was never passed on under this id
	}
	for _, client := range c.Clients {
		if !slices.Contains(clients, client) {
			clients = append(clients, client)
		}
	}
	for _, client := range clients {
		if err := s.askErasure(tx, c.Site, client, "visitor", "withdrawal"); err != nil {
			return err
		}
	}
	return nil
}

// unpark takes a visitor out of what waits to be passed on.
func unpark(tx *db.Tx, host, client string) error {
	_, err := tx.Exec(`DELETE FROM usage_bridge WHERE site = $1 AND body LIKE $2`, host, `{"client":"`+client+`"%`)
	return err
}

// PassedOn counts the visitors that the provider knows under the number of a proof of
// consent: one, or none.
func (s *Service) PassedOn(tx *db.Tx, receipt string) (n int, err error) {
	err = tx.QueryRow(`SELECT COUNT(*) FROM google_clients WHERE receipt = $1`, []any{receipt}, &n)
	return n, err
}

// ForgetAbroad has the provider asked to delete a visitor's data in the transaction in
// which a request of his is carried out; what waits does not go any more. A number that
// is none, or was asked for before, is no error: there is nothing to be deleted.
func (s *Service) ForgetAbroad(tx *db.Tx, receipt, by, request string) (int, error) {
	var host, client string
	err := tx.QueryRow(`SELECT host, client FROM google_clients WHERE receipt = $1`, []any{receipt}, &host, &client)
	if errs.KindOf(err) == errs.NotFound {
		return 0, nil
	}
	if err == nil {
		err = s.foldAll(tx) // what waits to be counted would be passed on
	}
	if err == nil {
		err = unpark(tx, host, client)
	}
	if err != nil {
		return 0, err
	}
	return 1, s.askErasure(tx, host, client, by, request)
}

func (s *Service) askErasure(tx *db.Tx, host, client, by, reason string) error {
	id := db.NewID()
	if _, err := tx.Exec(`INSERT INTO google_erasures (id, host, client, asked_by, reason, at) VALUES ($1, $2, $3, $4, $5, $6)`, id, host, client, by, reason, db.Micros(tx.Now())); err != nil {
		return err
	}
	// What is known of him here ends with the request; the request itself keeps the id
	// until the provider has it.
	if _, err := tx.Exec(`DELETE FROM google_clients WHERE client = $1`, client); err != nil {
		return err
	}
	if err := s.later(tx, host, TaskErase, tx.Now()); err != nil {
		return err
	}
	return s.Audit.Append(tx, audit.Event{Actor: by, Action: "google.erase", Object: "erasure:" + id, Body: map[string]string{"site": host, "reason": reason}})
}

// maxReason bounds the reference of a request, in runes.
const maxReason = 100

// AskErasure has the provider asked to delete a visitor's data, as a request of his says
// (PDPA s.33): he is found by the number of his proof of consent.
func (s *Service) AskErasure(ctx context.Context, actor policy.Actor, receipt, reason string) (Erasure, error) {
	reason = line(reason, maxReason)
	if reason == "" {
		return Erasure{}, errs.InvalidField("reason", "error.required")
	}
	out := Erasure{By: actor.Account, Reason: reason}
	err := s.DB.InTx(ctx, func(tx *db.Tx) error {
		var client string
		err := tx.QueryRow(`SELECT host, client FROM google_clients WHERE receipt = $1`, []any{receipt}, &out.Host, &client)
		if errs.KindOf(err) == errs.NotFound {
			return errs.InvalidField("receipt", "analytics.error-google-receipt")
		}
		if err != nil {
			return err
		}
		if agency, ok := s.agencyOf(out.Host); !ok || !s.may(actor, ActionErase, agency) {
			return errs.InvalidField("receipt", "analytics.error-google-receipt")
		}
		out.At = tx.Now()
		return s.askErasure(tx, out.Host, client, actor.Account, reason)
	})
	return out, err
}

// Erasure is a request for deletion at the provider.
type Erasure struct {
	ID       string
	Host     string
	By       string
	Reason   string
	At       time.Time
	PassedAt time.Time // when the provider took it; zero while it waits
}

// Erasures are those of the sites that an actor may see, the newest first.
func (s *Service) Erasures(ctx context.Context, actor policy.Actor) (out []Erasure, err error) {
	err = s.DB.Read(ctx, func(tx *db.Tx) error {
		out = nil
		return tx.Each(`SELECT id, host, asked_by, reason, at, done_at FROM google_erasures ORDER BY id DESC LIMIT 200`, nil, func(rows rowScanner) error {
			var e Erasure
			var at, done int64
			if err := rows.Scan(&e.ID, &e.Host, &e.By, &e.Reason, &at, &done); err != nil {
				return err
			}
			if e.At = db.Time(at); done != 0 {
				e.PassedAt = db.Time(done)
			}
			if agency, ok := s.agencyOf(e.Host); ok && s.may(actor, ActionRead, agency) {
				out = append(out, e)
			}
			return nil
		})
	})
	return out, err
}

// PassErasures asks the provider for what waits. That the record lists it no more is no
// reason not to: what it has, it has.
func (s *Service) PassErasures(ctx context.Context, host string) error {
	for begun := time.Now(); s.Google != nil && time.Since(begun) < stint; {
		var id, client string
		err := s.DB.InTx(ctx, func(tx *db.Tx) error {
			id = ""
			if try, err := s.mayTry(tx, host, TaskErase); !try {
				return err
			}
			err := tx.QueryRow(`SELECT id, client FROM google_erasures WHERE host = $1 AND done_at = 0 ORDER BY id LIMIT 1`, []any{host}, &id, &client)
			if errs.KindOf(err) == errs.NotFound {
				return nil
			}
			if err != nil {
				return err
			}
			return hold(tx, host, TaskErase)
		})
		if err != nil || id == "" {
			return err
		}
		p, err := s.property(s.googleSite(host))
		if err != nil {
			return err
		}
		if err := s.Google.Erase(ctx, p, client); err != nil {
			return s.failed(ctx, host, TaskErase, ga.TroubleOf(err))
		}
		if err := s.DB.InTx(ctx, func(tx *db.Tx) error { return s.erased(tx, host, id) }); err != nil {
			return err
		}
	}
	return nil
}

// erased closes a request and forgets whom it was about.
func (s *Service) erased(tx *db.Tx, host, id string) error {
	if _, err := tx.Exec(`UPDATE google_erasures SET done_at = $1, client = '' WHERE id = $2`, db.Micros(tx.Now()), id); err != nil {
		return err
	}
	if err := worked(tx, host, TaskErase, 1); err != nil {
		return err
	}
	revision := ""
	if record := s.Record(Activity); record != nil {
		revision = record.RevisionID
	}
	line := processing.Line{Activity: Activity, Revision: revision, Act: "erase", Actor: "system", Ground: "request:" + id, Purpose: "improve_service", Subjects: []string{"usage:" + host}, Elements: []string{"visitor_cookie"}, Detail: "google"}
	if err := s.Processing.Record(tx, line); err != nil {
		return err
	}
	return s.Audit.Append(tx, audit.Event{Actor: "system", Action: "google.erased", Object: "erasure:" + id, Body: map[string]string{"site": host}})
}

// expireClients ends with the proofs of consent what is known of who was passed on.
func (s *Service) expireClients(tx *db.Tx) error {
	record := s.Record(Activity)
	if record == nil {
		return nil
	}
	_, err := tx.Exec(`DELETE FROM google_clients WHERE at < $1`, db.Micros(record.KeptFor("consent_choice").Before(tx.Now())))
	return err
}
