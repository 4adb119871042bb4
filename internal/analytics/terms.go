package analytics

import (
	"context"
	"sync"

	"prasan/internal/db"
	"prasan/internal/errs"
)

// Other stands for all texts beyond what a site may bring in a day.
const Other = "(other)"

const (
	// maxFresh is how many new texts a site may bring in a day: pages, searches, hosts,
	// campaigns. What comes beyond is counted under Other, and shown to be.
	maxFresh = 5000
	maxTerms = 200_000 // texts that are remembered
	maxNames = 50_000  // of reports
)

// terms gives every text that is counted a small number, the same on all nodes.
type terms struct {
	mu    sync.Mutex
	ids   map[string]int64
	day   int64
	fresh map[string]int // new texts of a site on day
}

func newTerms() *terms { return &terms{ids: map[string]int64{}, fresh: map[string]int{}} }

// use is the dictionary within one transaction: what it learns is remembered after the
// commit.
type use struct {
	*terms
	tx     *db.Tx
	day    int64
	learnt map[string]int64
	fresh  map[string]int
	others int64
}

func (t *terms) within(tx *db.Tx, day int64) *use {
	u := &use{terms: t, tx: tx, day: day, learnt: map[string]int64{}, fresh: map[string]int{}}
	tx.AfterCommit(u.remember)
	return u
}

func (u *use) remember() {
	if len(u.learnt) == 0 {
		return
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	if len(u.ids) > maxTerms {
		clear(u.ids)
	}
	for text, id := range u.learnt {
		u.ids[text] = id
	}
	if u.terms.day != u.day {
		u.terms.day = u.day
		clear(u.terms.fresh)
	}
	for site, n := range u.fresh {
		u.terms.fresh[site] += n
	}
}

// id is the number of a text; 0 for none. A text of a site that has brought too many
// new ones today is Other's.
func (u *use) id(site, text string) (int64, error) {
	if text == "" {
		return 0, nil
	}
	if id, ok := u.lookup(text); ok {
		return id, nil
	}
	id, err := termID(u.tx, text)
	if errs.KindOf(err) == errs.NotFound {
		if site != "" && u.spent(site) >= maxFresh {
			u.others++
			return u.id("", Other)
		}
		u.fresh[site]++
		id, err = add(u.tx, text)
	}
	if err == nil {
		u.learnt[text] = id
	}
	return id, err
}

func (u *use) lookup(text string) (int64, bool) {
	if id, ok := u.learnt[text]; ok {
		return id, true
	}
	return u.remembered(text)
}

// remembered is the number of a text that was used before; it is committed.
func (t *terms) remembered(text string) (int64, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	id, ok := t.ids[text]
	return id, ok
}

func (u *use) spent(site string) int {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.terms.day != u.day {
		return u.fresh[site]
	}
	return u.terms.fresh[site] + u.fresh[site]
}

func termID(tx *db.Tx, text string) (id int64, err error) {
	err = tx.QueryRow(`SELECT id FROM usage_terms WHERE text = $1`, []any{text}, &id)
	return id, err
}

// add gives a text the next number. On PostgreSQL another node may take the same one:
// then the transaction is run again.
func add(tx *db.Tx, text string) (int64, error) {
	if _, err := tx.Exec(`INSERT INTO usage_terms (id, text) SELECT COALESCE(MAX(id), 0) + 1, CAST($1 AS TEXT) FROM usage_terms WHERE 1 = 1 ON CONFLICT DO NOTHING`, text); err != nil {
		return 0, err
	}
	return termID(tx, text)
}

// names are the texts of numbers, remembered: a text never has another number, and a
// report of a year asks for a thousand of them.
type names struct {
	mu    sync.Mutex
	table map[int64]string
}

// of reads the texts that are not remembered.
func (n *names) of(tx *db.Tx, ids []int64) (map[int64]string, error) {
	out, missing := make(map[int64]string, len(ids)), ids[:0:0]
	n.mu.Lock()
	for _, id := range ids {
		if text, ok := n.table[id]; ok {
			out[id] = text
		} else {
			missing = append(missing, id)
		}
	}
	n.mu.Unlock()
	fresh, err := texts(tx, missing)
	if err != nil {
		return nil, err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.table == nil || len(n.table) > maxNames {
		n.table = map[int64]string{}
	}
	for id, text := range fresh {
		out[id], n.table[id] = text, text
	}
	return out, nil
}

// texts are the texts of numbers, read when they are to be shown.
func texts(tx *db.Tx, ids []int64) (map[int64]string, error) {
	out := make(map[int64]string, len(ids))
	err := inChunks(tx.Dialect, ids, func(in string, args []any) error {
		return tx.Each(`SELECT id, text FROM usage_terms WHERE id IN `+in, args, func(rows rowScanner) error {
			var id int64
			var text string
			err := rows.Scan(&id, &text)
			out[id] = text
			return err
		})
	})
	return out, err
}

// knownTerms are made once, in a transaction of their own.
func (t *terms) known(ctx context.Context, d *db.DB) (*known, error) {
	k := &known{}
	err := d.InTx(ctx, func(tx *db.Tx) error {
		*k = known{kinds: map[int64]string{}}
		u := t.within(tx, 0)
		for _, name := range []string{PageView, NotFound, Engagement, SiteSearch, Outbound, Download, FormStart, FormSubmit, Vitals} {
			id, err := u.id("", name)
			if err != nil {
				return err
			}
			k.kinds[id] = name
		}
		for i, name := range levelNames {
			id, err := u.id("", name)
			if err != nil {
				return err
			}
			k.levels[i] = id
		}
		for i := range k.hours {
			id, err := u.id("", hourName(i))
			if err != nil {
				return err
			}
			k.hours[i] = id
		}
		return nil
	})
	return k, err
}

func hourName(h int) string { return string([]byte{'h', byte('0' + h/10), byte('0' + h%10)}) }
