package inbox

import (
	"context"
	"database/sql"
	"time"

	"prasan/internal/db"
	"prasan/internal/errs"
)

// leaseFor is how long a node that has gone keeps a mailbox from the others; it is renewed
// well before.
const (
	leaseFor    = 5 * time.Minute
	RenewEvery  = 90 * time.Second
	errorLength = 200
)

// Mailbox is how far one mailbox was read, and by whom.
type Mailbox struct {
	s    *Service
	Name string
}

// Mailbox returns a mailbox by its name, which is USER HOST/FOLDER.
func (s *Service) Mailbox(name string) *Mailbox { return &Mailbox{s, name} }

// Lease takes the mailbox for this node, or keeps it; it tells whether it has it. Were two
// nodes to read at once, a mail would still be kept once.
func (b *Mailbox) Lease(ctx context.Context) (held bool, err error) {
	err = b.s.DB.InTx(ctx, func(tx *db.Tx) error {
		now, until := db.Micros(tx.Now()), db.Micros(tx.Now().Add(leaseFor))
		n, err := tx.Exec(`INSERT INTO inbound_mailboxes (name, node, lease_until) VALUES ($1, $2, $3) ON CONFLICT (name) DO UPDATE SET node = excluded.node, lease_until = excluded.lease_until WHERE inbound_mailboxes.node = excluded.node OR inbound_mailboxes.lease_until <= $4`,
			b.Name, b.s.Node, until, now)
		held = n > 0
		return err
	})
	return held, err
}

// Release lets another node have it at once.
func (b *Mailbox) Release(ctx context.Context) error {
	return b.s.DB.InTx(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(`UPDATE inbound_mailboxes SET lease_until = 0 WHERE name = $1 AND node = $2`, b.Name, b.s.Node)
		return err
	})
}

// Position is the last message that was kept, by the numbers of the mailbox (RFC 9051
// section 2.3.1.1). It is 0, and fresh, where the numbers have begun anew.
func (b *Mailbox) Position(ctx context.Context, validity uint32) (last uint32, fresh bool, err error) {
	var v, uid int64
	err = b.s.DB.Read(ctx, func(tx *db.Tx) error {
		return tx.QueryRow(`SELECT uid_validity, last_uid FROM inbound_mailboxes WHERE name = $1`, []any{b.Name}, &v, &uid)
	})
	if errs.KindOf(err) == errs.NotFound {
		return 0, true, nil
	}
	if err != nil || uint32(v) != validity { //nolint:gosec // it was stored from one
		return 0, true, err
	}
	return uint32(uid), false, nil //nolint:gosec // it was stored from one
}

// Keep keeps a mail of the mailbox and notes its number in the same transaction.
func (b *Mailbox) Keep(ctx context.Context, validity, uid uint32, raw []byte, size int64) error {
	return b.s.Take(ctx, Arrival{Mailbox: b.Name, Raw: raw, Size: size, Mark: func(tx *db.Tx) error { return b.mark(tx, validity, uid) }})
}

// Pass notes that there is nothing up to a number.
func (b *Mailbox) Pass(ctx context.Context, validity, uid uint32) error {
	return b.s.DB.InTx(ctx, func(tx *db.Tx) error { return b.mark(tx, validity, uid) })
}

func (b *Mailbox) mark(tx *db.Tx, validity, uid uint32) error {
	if validity == 0 {
		uid = 0
	}
	_, err := tx.Exec(`UPDATE inbound_mailboxes SET last_uid = CASE WHEN uid_validity = $1 AND last_uid > $2 THEN last_uid ELSE $3 END, uid_validity = $4, read_at = $5, last_error = '' WHERE name = $6`,
		int64(validity), int64(uid), int64(uid), int64(validity), db.Micros(tx.Now()), b.Name)
	return err
}

// Failed notes why the mailbox cannot be read, for those who look after the installation.
func (b *Mailbox) Failed(ctx context.Context, cause error) error {
	text := clean(cause.Error(), errorLength)
	return b.s.DB.InTx(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(`UPDATE inbound_mailboxes SET last_error = $1 WHERE name = $2`, text, b.Name)
		return err
	})
}

// Post is what is known of a mailbox.
type Post struct {
	Name, Node, Error string
	ReadAt            time.Time
}

// Posts lists the mailboxes that are read.
func (s *Service) Posts(tx *db.Tx) ([]Post, error) {
	var out []Post
	err := tx.Each(`SELECT name, node, last_error, read_at FROM inbound_mailboxes ORDER BY name`, nil, func(rows *sql.Rows) error {
		var p Post
		var at int64
		err := rows.Scan(&p.Name, &p.Node, &p.Error, &at)
		p.ReadAt = db.Time(at)
		out = append(out, p)
		return err
	})
	return out, err
}
