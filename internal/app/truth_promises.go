package app

import (
	"context"
	"database/sql"

	"prasan/internal/db"
	"prasan/internal/retention"
	"prasan/internal/truth"
)

// promises are the probes of what the record promises people: requests answered in time,
// rounds that end in certificates, a drill each year.
func (a *App) promises() []truth.Probe {
	return []truth.Probe{
		{ID: "requests", Activities: only, Rows: []string{"rights.erasure_procedure"}, Class: "D8", Look: a.seeRequests},
		{ID: "rounds", Activities: only, Rows: []string{"destruction.round"}, Class: "D8", Look: a.seeRounds},
		{ID: "nothing-waits", Activities: ofVisits, Rows: []string{"destruction.round"}, Class: "D8", Look: a.seeNothingWaits},
		{ID: "certificates", Activities: only, Rows: []string{"destruction.method"}, Class: "D13", Look: a.seeCertificates},
		{ID: "breach-drill", Rows: []string{"breach.channels"}, Class: "D8", Look: a.seeBreachDrill},
		{ID: "breach-notice", Rows: []string{"breach.pdpc_liaison"}, Class: "D8", Look: a.seeNotified},
	}
}

// seeRequests looks whether requests of people were answered within the law's time.
func (a *App) seeRequests(ctx context.Context, s truth.Subject) (truth.Seen, error) {
	var all, late int64
	err := a.DB.Read(ctx, func(tx *db.Tx) error {
		return tx.QueryRow(`SELECT COUNT(*), COUNT(CASE WHEN state <> 'withdrawn' AND (answered_at > law_due_at OR answered_at = 0 AND law_due_at < $1) THEN 1 END) FROM rights_requests WHERE activity = $2 AND received_at >= $3`,
			[]any{db.Micros(s.Now), s.Snapshot.Activity, db.Micros(s.Now.Add(-year))}, &all, &late)
	})
	return truth.Seen{Known: all > 0, Checked: all, Wrong: late}, err
}

// seeRounds looks whether the lists of the rounds were made within their sixty days.
func (a *App) seeRounds(ctx context.Context, s truth.Subject) (truth.Seen, error) {
	var all, late int64
	err := a.DB.Read(ctx, func(tx *db.Tx) error {
		return tx.QueryRow(`SELECT COUNT(*), COUNT(CASE WHEN state = 'opened' AND survey_by < $1 THEN 1 END) FROM rounds WHERE activity = $2`, []any{db.Micros(s.Now), s.Snapshot.Activity}, &all, &late)
	})
	return truth.Seen{Known: all > 0, Checked: all, Wrong: late}, err
}

// seeNothingWaits looks whether the last check found nothing that waits for a round: what
// goes by itself day by day leaves it nothing.
func (a *App) seeNothingWaits(ctx context.Context, s truth.Subject) (truth.Seen, error) {
	list, err := a.Retention.Monitorings(ctx, s.Snapshot.Activity, 1)
	if err != nil || len(list) == 0 {
		return truth.Seen{}, err
	}
	out := truth.Seen{Known: true, Checked: 1, At: list[0].At}
	for _, n := range list[0].Body.Due {
		if n > 0 {
			out.Wrong = 1
		}
	}
	return out, nil
}

// seeCertificates looks whether each round that is over has a certificate that verifies.
func (a *App) seeCertificates(ctx context.Context, s truth.Subject) (truth.Seen, error) {
	out := truth.Seen{}
	err := a.DB.Read(ctx, func(tx *db.Tx) error {
		out = truth.Seen{}
		return tx.Each(`SELECT id, certificate FROM rounds WHERE activity = $1 AND state = 'certified' ORDER BY id`, []any{s.Snapshot.Activity}, func(rows *sql.Rows) error {
			var id, text string
			if err := rows.Scan(&id, &text); err != nil {
				return err
			}
			out.Known, out.Checked = true, out.Checked+1
			if _, err := retention.VerifyCertificate([]byte(text)); err != nil {
				out.Wrong++
				out.Names = append(out.Names, id)
			}
			return nil
		})
	})
	return out, err
}

// seeBreachDrill looks whether a drill came to its end within the year.
func (a *App) seeBreachDrill(ctx context.Context, s truth.Subject) (truth.Seen, error) {
	var last int64
	err := a.DB.Read(ctx, func(tx *db.Tx) error {
		return tx.QueryRow(`SELECT COALESCE(MAX(closed_at), 0) FROM breaches WHERE activity = $1 AND drill = TRUE AND state = 'closed'`, []any{s.Snapshot.Activity}, &last)
	})
	out := truth.Seen{Known: last > 0, Checked: 1}
	if last > 0 && s.Now.Sub(db.Time(last)) > year+day {
		out.Wrong = 1
	}
	return out, err
}

// seeNotified looks whether the Office of the PDPC was told within the time of the law, or
// with reasons.
func (a *App) seeNotified(ctx context.Context, s truth.Subject) (truth.Seen, error) {
	var all, late int64
	hours := int64(a.Config.Terms.BreachHours) * 3_600_000_000
	err := a.DB.Read(ctx, func(tx *db.Tx) error {
		return tx.QueryRow(`SELECT COUNT(*), COUNT(CASE WHEN late_reason = '' AND (notified_at > aware_at + $1 OR notified_at = 0 AND risk IN ('risk','high') AND aware_at + $2 < $3) THEN 1 END) FROM breaches WHERE activity = $4 AND drill = FALSE AND aware_at > 0 AND state <> 'dismissed'`,
			[]any{hours, hours, db.Micros(s.Now), s.Snapshot.Activity}, &all, &late)
	})
	return truth.Seen{Known: all > 0, Checked: all, Wrong: late}, err
}
