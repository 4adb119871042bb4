package sites

import (
	"context"
	"database/sql"
	"encoding/json"
	"time"

	"prasan/internal/db"
	"prasan/internal/policy"
)

// News is an announcement of a site (ข่าวและประกาศ).
type News struct {
	At    time.Time   `json:"-"`
	Title policy.Text `json:"title"`
	Text  policy.Text `json:"text"`
}

// onSite is how many announcements a site shows.
const onSite = 50

// News are the announcements of a host that are published, the newest first.
func (s *Store) News(ctx context.Context, host string) ([]News, error) {
	var out []News
	err := s.db.Read(ctx, func(tx *db.Tx) error {
		out = nil
		return tx.Each(`SELECT published_at, body FROM announcements WHERE host = $1 AND published_at <= $2 ORDER BY published_at DESC LIMIT $3`, []any{host, db.Micros(tx.Now()), onSite}, func(rows *sql.Rows) error {
			var at int64
			var body string
			if err := rows.Scan(&at, &body); err != nil {
				return err
			}
			var n News
			if err := json.Unmarshal([]byte(body), &n); err != nil {
				return err
			}
			n.At = db.Time(at)
			out = append(out, n)
			return nil
		})
	})
	return out, err
}
