package vault

import (
	"context"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"database/sql"
	"slices"
	"sync"
	"time"

	"prasan/internal/db"
	"prasan/internal/errs"
	"prasan/internal/vault/keyring"
)

// Vault seals, and opens for a Permit.
type Vault struct {
	keys   *db.DB
	root   []byte
	dead   *Tombstones
	system cipher.AEAD
	index  []byte
	master string   // file of the master key; "" where the wrapper does not come from one
	ahead  sync.Map // of the stock of keys of each kind

	mu      sync.Mutex
	wrapper KeyWrapper          // with the master key
	cohorts map[int]cipher.AEAD // by number
	current map[int]int         // the number that wraps a year's new keys
}

// Minter makes permits. Whoever holds it can have anything opened; only package
// processing is given it.
type Minter struct{}

// Permit allows some elements of some subjects to be opened, for one purpose. The
// zero Permit allows nothing.
type Permit struct {
	purpose  string
	subjects []string
	elements []string
}

// Permit makes a permit; "*" among the elements stands for all.
func (*Minter) Permit(purpose string, subjects, elements []string) Permit {
	return Permit{purpose: purpose, subjects: subjects, elements: elements}
}

func (p Permit) covers(s Sealed) bool {
	return p.purpose != "" && slices.Contains(p.subjects, s.Subject) &&
		(slices.Contains(p.elements, s.Element) || slices.Contains(p.elements, "*"))
}

// Sealed is a sealed value and its place.
type Sealed struct {
	Subject string // whose key
	Element string // what it is: an element of the record, or "content"
	Place   string // table:row:column
	Data    []byte
}

// Subject is one whose data is sealed with one key.
type Subject struct {
	ID string
	// Kind is whose data it is, such as "case". Orphans among keys of a kind are swept
	// by who keeps such subjects; keys without a kind are swept by nobody.
	Kind    string
	cohort  int
	key     []byte
	wrapped []byte
	at      time.Time
	aead    cipher.AEAD
}

// Seal seals plain for its place.
func (s *Subject) Seal(place string, plain []byte) []byte { return seal(s.aead, place, plain) }

// SealInto is Seal into memory that is used again.
func (s *Subject) SealInto(into []byte, place string, plain []byte) []byte {
	return sealInto(into, s.aead, place, plain)
}

// Open opens the keyring and returns the vault and its one Minter.
func Open(ctx context.Context, keys *db.DB, w KeyWrapper) (*Vault, *Minter, error) {
	if _, err := keys.Migrate(ctx, keyring.Files); err != nil {
		return nil, nil, err
	}
	v := &Vault{keys: keys, wrapper: w, cohorts: map[int]cipher.AEAD{}, current: map[int]int{}}
	var err error
	if v.root, err = v.secret(ctx, "root"); err != nil {
		return nil, nil, err
	}
	if v.system, err = newAEAD(v.Derive("system")); err != nil {
		return nil, nil, err
	}
	v.index = v.Derive("blind-index")
	return v, &Minter{}, nil
}

// secret returns a random secret of the installation, made at the first call.
func (v *Vault) secret(ctx context.Context, name string) ([]byte, error) {
	fresh, err := v.wrapper.Wrap("secret:"+name, random(32))
	if err != nil {
		return nil, err
	}
	var wrapped []byte
	err = v.keys.InTx(ctx, func(tx *db.Tx) error {
		if _, err := tx.Exec(`INSERT INTO secrets (name, wrapped, created_at) VALUES ($1, $2, $3) ON CONFLICT (name) DO NOTHING`, name, fresh, db.Micros(tx.Now())); err != nil {
			return err
		}
		return tx.QueryRow(`SELECT wrapped FROM secrets WHERE name = $1`, []any{name}, &wrapped)
	})
	if err != nil {
		return nil, err
	}
	key, err := v.wrapper.Unwrap("secret:"+name, wrapped)
	if err != nil {
		return nil, errs.Wrap(err, errs.Unavailable, "error.master-key-wrong")
	}
	return key, nil
}

// Derive returns a key of 32 bytes for one use of the installation (RFC 5869).
func (v *Vault) Derive(use string) []byte {
	key, err := hkdf.Key(sha256.New, v.root, nil, "prasan/"+use, 32)
	if err != nil {
		panic(err) // only for lengths that SHA-256 cannot give
	}
	return key
}

// NewSubject makes a subject with a new key, in memory; Keep makes it last.
func (v *Vault) NewSubject(ctx context.Context, at time.Time) (*Subject, error) {
	s := &Subject{ID: db.NewID(), key: random(32), at: at}
	if err := v.wrap(ctx, s); err != nil {
		return nil, err
	}
	var err error
	s.aead, err = newAEAD(s.key)
	return s, err
}

// wrap wraps a subject's key with the present key of its year.
func (v *Vault) wrap(ctx context.Context, s *Subject) error {
	number, cohort, err := v.present(ctx, s.at.UTC().Year())
	if err != nil {
		return err
	}
	s.cohort, s.wrapped = number, seal(cohort, "subject:"+s.ID, s.key)
	return nil
}

// Keep commits the keys of subjects that were made together to the keyring. It comes before
// whatever is sealed with them is stored; a key whose data never came is swept later. A cohort
// key that was replaced in the meantime is not used any more: the keys are wrapped anew.
func (v *Vault) Keep(ctx context.Context, subjects ...*Subject) error {
	for {
		kept, err := v.keep(ctx, subjects)
		if err != nil || kept {
			return err
		}
		v.forgetPresent(subjects[0].at.UTC().Year())
		for _, s := range subjects {
			if err := v.wrap(ctx, s); err != nil {
				return err
			}
		}
	}
}

// keep holds the cohort keys' rows until it commits, so that a replacement waits for it
// and sees what it has wrapped.
func (v *Vault) keep(ctx context.Context, subjects []*Subject) (kept bool, err error) {
	err = v.keys.InTx(ctx, func(tx *db.Tx) error {
		held := 0
		for _, s := range subjects {
			if s.cohort == held {
				continue
			}
			var retired int64
			err := tx.QueryRow(`SELECT retired_at FROM cohorts WHERE year = $1`+tx.ForShare(), []any{s.cohort}, &retired)
			if kept = err == nil && retired == 0; !kept {
				return err
			}
			held = s.cohort
		}
		for _, s := range subjects {
			if _, err := tx.Exec(`INSERT INTO subjects (id, cohort, wrapped, created_at, kind) VALUES ($1, $2, $3, $4, $5)`, s.ID, s.cohort, s.wrapped, db.Micros(s.at), s.Kind); err != nil {
				return err
			}
		}
		return nil
	})
	return kept, err
}

// Subject fetches a subject's key, for sealing more with it.
func (v *Vault) Subject(ctx context.Context, id string) (*Subject, error) {
	s, err := v.subject(ctx, id)
	if errs.KindOf(err) == errs.NotFound { // its cohort key may have been replaced between two looks
		s, err = v.subject(ctx, id)
	}
	return s, err
}

func (v *Vault) subject(ctx context.Context, id string) (*Subject, error) {
	s := &Subject{ID: id}
	var at int64
	// Asked each time, never remembered: a key may have been destroyed by another node.
	err := v.keys.Row(ctx, `SELECT cohort, wrapped, created_at FROM subjects WHERE id = $1`, []any{id}, &s.cohort, &s.wrapped, &at)
	if errs.KindOf(err) == errs.NotFound {
		return nil, errs.Wrap(err, errs.NotFound, "error.key-destroyed")
	}
	if err != nil {
		return nil, err
	}
	s.at = db.Time(at)
	cohort, err := v.cohort(ctx, s.cohort)
	if err != nil {
		return nil, err
	}
	if s.key, err = open(cohort, "subject:"+id, s.wrapped); err != nil {
		return nil, err
	}
	s.aead, err = newAEAD(s.key)
	return s, err
}

// Open opens what the permit covers, in the order given. Anything it does not cover
// refuses the whole call.
func (v *Vault) Open(ctx context.Context, p Permit, items []Sealed) ([][]byte, error) {
	subjects := map[string]*Subject{}
	out := make([][]byte, len(items))
	for i, item := range items {
		if !p.covers(item) {
			return nil, errs.New(errs.Forbidden, "error.no-permit")
		}
		if len(item.Data) == 0 {
			continue
		}
		s, ok := subjects[item.Subject]
		if !ok {
			var err error
			if s, err = v.Subject(ctx, item.Subject); err != nil {
				return nil, err
			}
			subjects[item.Subject] = s
		}
		plain, err := open(s.aead, item.Place, item.Data)
		if err != nil {
			return nil, err
		}
		out[i] = plain
	}
	return out, nil
}

// Shred destroys a subject's key: what it sealed cannot be opened again, wherever a
// copy of it lies, once the copies of the keyring have expired.
func (v *Vault) Shred(ctx context.Context, id string) error {
	return v.ShredAll(ctx, []string{id})
}

// ShredAll destroys the keys of several subjects, all or none. The journal is on the
// disk before the keys are gone.
func (v *Vault) ShredAll(ctx context.Context, ids []string) error {
	if v.dead != nil {
		if err := v.dead.Add(time.Now(), ids...); err != nil {
			return err
		}
	}
	return v.keys.InTx(ctx, func(tx *db.Tx) error {
		for _, id := range ids {
			if _, err := tx.Exec(`DELETE FROM subjects WHERE id = $1`, id); err != nil {
				return err
			}
			if _, err := tx.Exec(`DELETE FROM redone WHERE subject = $1`, id); err != nil {
				return err
			}
			if _, err := tx.Exec(`INSERT INTO shredded (id, at) VALUES ($1, $2) ON CONFLICT (id) DO NOTHING`, id, db.Micros(tx.Now())); err != nil {
				return err
			}
		}
		return nil
	})
}

// SealSystem seals what is secret but nobody's personal data: a TOTP secret, a stored answer.
func (v *Vault) SealSystem(place string, plain []byte) []byte { return seal(v.system, place, plain) }

// OpenSystem opens what SealSystem sealed.
func (v *Vault) OpenSystem(place string, sealed []byte) ([]byte, error) {
	return open(v.system, place, sealed)
}

// SealSystemInto is SealSystem into memory that is used again.
func (v *Vault) SealSystemInto(into []byte, place string, plain []byte) []byte {
	return sealInto(into, v.system, place, plain)
}

// OpenSystemInPlace is OpenSystem for one who needs what is sealed no more: it is
// overwritten.
func (v *Vault) OpenSystemInPlace(place string, sealed []byte) ([]byte, error) {
	if len(sealed) < Overhead {
		return open(v.system, place, sealed)
	}
	return openInto(sealed[12:12], v.system, place, sealed)
}

// Digest is the blind index of a value: equal values give equal digests and nothing
// else can be learnt without the key. kind keeps a phone from matching a name.
func (v *Vault) Digest(kind, value string) []byte {
	mac := hmac.New(sha256.New, v.index)
	mac.Write([]byte(kind))
	mac.Write([]byte{0})
	mac.Write([]byte(value))
	return mac.Sum(nil)[:16]
}

// Ready tells whether the keyring answers.
func (v *Vault) Ready(ctx context.Context) error {
	return v.keys.Read(ctx, func(tx *db.Tx) error {
		var n int
		return tx.QueryRow(`SELECT COUNT(*) FROM secrets WHERE name = 'root'`, nil, &n)
	})
}

// Has tells which subjects have their key.
func (v *Vault) Has(ctx context.Context, ids []string) (map[string]bool, error) {
	out := make(map[string]bool, len(ids))
	return out, v.keys.Read(ctx, func(tx *db.Tx) error {
		for _, id := range ids {
			var n int
			if err := tx.QueryRow(`SELECT COUNT(*) FROM subjects WHERE id = $1`, []any{id}, &n); err != nil {
				return err
			}
			out[id] = n > 0
		}
		return nil
	})
}

// sweepBack is how far before the moment Sweep looks: a program that stood still for
// less has missed nothing.
const sweepBack = 60 * 24 * time.Hour

// Sweep destroys keys of a kind, made before a moment, that nothing uses: their data
// never came, because the program ended in between. used tells which of a page of ids
// are in use.
func (v *Vault) Sweep(ctx context.Context, kind string, before time.Time, used func(ids []string) (map[string]bool, error)) (n int, err error) {
	for after := ""; ; {
		ids, err := v.made(ctx, kind, before, after)
		if err != nil || len(ids) == 0 {
			return n, err
		}
		after = ids[len(ids)-1]
		inUse, err := used(ids)
		if err != nil {
			return n, err
		}
		orphans := slices.DeleteFunc(ids, func(id string) bool { return inUse[id] })
		if len(orphans) == 0 {
			continue
		}
		if err := v.ShredAll(ctx, orphans); err != nil {
			return n, err
		}
		n += len(orphans)
	}
}

// made is a page of the keys of a kind that were made before a moment, by id.
func (v *Vault) made(ctx context.Context, kind string, before time.Time, after string) (ids []string, err error) {
	err = v.keys.Read(ctx, func(tx *db.Tx) error {
		ids = nil
		return tx.Each(`SELECT id FROM subjects WHERE id > $1 AND kind = $2 AND created_at < $3 AND created_at >= $4 ORDER BY id LIMIT 500`, []any{after, kind, db.Micros(before), db.Micros(before.Add(-sweepBack))}, func(rows *sql.Rows) error {
			var id string
			err := rows.Scan(&id)
			ids = append(ids, id)
			return err
		})
	})
	return ids, err
}
