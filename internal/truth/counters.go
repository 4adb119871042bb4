package truth

import (
	"database/sql"
	"net/url"
	"slices"
	"strings"
	"time"

	"prasan/internal/db"
	"prasan/internal/thai"
)

const (
	dayMicros  = 24 * 60 * 60 * 1000000
	maxOrigins = 300 // different ones in a day; what comes beyond is counted together
)

// directives are those of the policy of our pages; a report of another is no browser's.
var directives = []string{"default-src", "script-src", "script-src-elem", "script-src-attr", "style-src", "style-src-elem", "style-src-attr", "img-src", "font-src", "connect-src", "manifest-src", "media-src", "object-src", "frame-src", "child-src", "worker-src", "form-action", "base-uri", "frame-ancestors"}

// Refusal is what browsers report to have refused (CSP Level 3, section 5).
type Refusal struct {
	Directive string `json:"directive"`
	Origin    string `json:"origin"`
	N         int64  `json:"n"`
}

// Origin reduces what was refused to where it is from: neither path nor query, which
// may tell what a person looked at, is kept.
func Origin(blocked string) string {
	switch blocked {
	case "inline", "eval", "wasm-eval", "data", "blob", "self", "trusted-types-policy", "trusted-types-sink":
		return blocked
	}
	u, err := url.Parse(blocked)
	switch {
	case err != nil || len(blocked) > 2048:
		return "other"
	case u.Scheme == "data" || u.Scheme == "blob":
		return u.Scheme
	case u.Scheme == "http" || u.Scheme == "https" || u.Scheme == "ws" || u.Scheme == "wss":
		if host := strings.ToLower(u.Hostname()); host != "" && len(host) < 100 {
			return u.Scheme + "://" + host
		}
	case strings.HasSuffix(u.Scheme, "-extension"):
		return "extension" // the visitor's own
	}
	return "other"
}

// Reported counts a report; ok is false for what is none. Nothing of who sent it is kept.
func Reported(tx *db.Tx, directive, blocked string) (ok bool, err error) {
	directive, _, _ = strings.Cut(strings.TrimSpace(directive), " ")
	if !slices.Contains(directives, directive) {
		return false, nil
	}
	day, origin := db.Micros(tx.Now())/dayMicros, Origin(blocked)
	var known, n int
	if err := tx.QueryRow(`SELECT COUNT(*), COUNT(CASE WHEN directive = $1 AND origin = $2 THEN 1 END) FROM csp_counts WHERE day = $3`, []any{directive, origin, day}, &n, &known); err != nil {
		return false, err
	}
	if known == 0 && n >= maxOrigins {
		origin = "other"
	}
	_, err = tx.Exec(`INSERT INTO csp_counts (day, directive, origin, n) VALUES ($1, $2, $3, 1) ON CONFLICT (day, directive, origin) DO UPDATE SET n = csp_counts.n + 1`, day, directive, origin)
	return true, err
}

// Refusals are what was reported since a day, the most first.
func Refusals(tx *db.Tx, since time.Time) ([]Refusal, error) {
	var out []Refusal
	err := tx.Each(`SELECT directive, origin, SUM(n) FROM csp_counts WHERE day >= $1 GROUP BY directive, origin ORDER BY 3 DESC, directive, origin`, []any{db.Micros(since) / dayMicros}, func(rows *sql.Rows) error {
		var r Refusal
		err := rows.Scan(&r.Directive, &r.Origin, &r.N)
		out = append(out, r)
		return err
	})
	return out, err
}

// Sensitive are the kinds of what the law guards more than other data (s.26), or what
// opens other doors: with them the data is restricted.
var Sensitive = []string{"national-id", "card", "health"}

// CountText counts personal data that somebody wrote into a free text as it is stored,
// while it is still open: so nothing sealed is opened for counting. It keeps how many
// texts of a field had which kind, by day; neither the text nor whose it is.
func CountText(tx *db.Tx, node, field, text string) error {
	kinds := map[string]bool{}
	for _, s := range thai.Sensitive(text) {
		kinds[s.Kind] = true
	}
	if thai.HealthHint(text) {
		kinds["health"] = true
	}
	if thai.HasPhone(text) {
		kinds["phone"] = true
	}
	for kind := range kinds {
		if _, err := tx.Exec(`INSERT INTO text_counts (day, field, kind, node, n) VALUES ($1, $2, $3, $4, 1) ON CONFLICT (day, field, kind, node) DO UPDATE SET n = text_counts.n + 1`, db.Micros(tx.Now())/dayMicros, field, kind, node); err != nil {
			return err
		}
	}
	return nil
}

// Texts are the counts since a day: by field, then kind.
func Texts(tx *db.Tx, since time.Time) (map[string]map[string]int64, error) {
	out := map[string]map[string]int64{}
	err := tx.Each(`SELECT field, kind, SUM(n) FROM text_counts WHERE day >= $1 GROUP BY field, kind`, []any{db.Micros(since) / dayMicros}, func(rows *sql.Rows) error {
		var field, kind string
		var n int64
		err := rows.Scan(&field, &kind, &n)
		if out[field] == nil {
			out[field] = map[string]int64{}
		}
		out[field][kind] = n
		return err
	})
	return out, err
}
