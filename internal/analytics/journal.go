package analytics

import (
	"context"
	"embed"
	"encoding/binary"
	"encoding/json"
	"io/fs"
	"log/slog"
	"slices"
	"time"

	"prasan/internal/db"
	"prasan/internal/errs"
)

//go:embed journal/*.sql
var journalFolder embed.FS

// MigrateJournal brings a journal that is a store of its own up to this version.
func MigrateJournal(ctx context.Context, d *db.DB) error {
	files, err := fs.Sub(journalFolder, "journal")
	if err != nil {
		return err
	}
	_, err = d.Migrate(ctx, files)
	return err
}

// The journal holds what has been acknowledged and not yet counted. A commit of it is one
// short row at the end of a small file, so that who waits for it waits for the disk
// alone; raw rows, visitors and totals follow within a moment, many hits at a time and
// all in one commit. Each entry is counted once: the number of the last entry that was
// counted is written in the transaction that counts it, and the entry is taken out of
// the journal after it. What a process that was killed leaves is counted by the next.
type entry struct {
	seq  int64
	hits []*pending
}

const (
	foldEvery = 800 * time.Millisecond // hits wait so long for company, at most
	foldFull  = 4096                   // hits that are counted without waiting
	foldMost  = 6144                   // hits of one transaction, or one entry
	// maxUncounted bounds what waits in memory; beyond, collection sheds load.
	maxUncounted = 60_000
	// markLife is how long the mark of a writer outlives it: no entry of his can come later.
	markLife = 48 * time.Hour
)

// append writes a batch down; when it returns the batch is durable.
func (s *Service) append(batch []*pending) error {
	p := entry{s.seq + 1, batch}
	body, err := encode(batch)
	if err != nil {
		return err
	}
	err = s.Journal.InTx(context.Background(), func(tx *db.Tx) error {
		_, err := tx.Exec(`INSERT INTO usage_journal (writer, seq, at, body) VALUES ($1, $2, $3, $4)`, s.writer, p.seq, batch[0].at, body)
		return err
	})
	if err != nil {
		return err
	}
	s.seq++
	s.mu.Lock()
	s.entries = append(s.entries, p)
	s.mu.Unlock()
	if n := s.uncounted.Add(int64(len(batch))); n >= foldFull {
		signal(s.full)
	}
	signal(s.some)
	return nil
}

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// folding counts what is in the journal, until the writer has ended.
func (s *Service) folding() {
	defer close(s.done)
	for {
		select {
		case <-s.some:
		case <-s.written:
			s.settle(context.Background())
			return
		}
		select {
		case <-s.full:
		case <-time.After(foldEvery):
		case <-s.written:
		}
		if !s.settle(context.Background()) {
			select { // the entries stay, and are counted when the database takes them
			case <-time.After(time.Second):
			case <-s.written:
			}
			signal(s.some)
		}
	}
}

// Settle counts all that this process has in the journal now.
func (s *Service) Settle(ctx context.Context) { s.settle(ctx) }

// read is a reading of what is counted, for which all is counted first that can be: who
// has been answered finds his hit.
func (s *Service) read(ctx context.Context, fn func(tx *db.Tx) error) error {
	s.settle(ctx)
	return s.DB.Read(ctx, fn)
}

// settle counts what was written down before it began. What comes meanwhile waits for the
// next time: under load there is always some, and to count a few hundred costs nearly as
// much as to count thousands.
func (s *Service) settle(ctx context.Context) bool {
	last := s.lastWaiting()
	for s.waits(last) {
		if err := s.foldOwn(ctx, last); err != nil {
			slog.Warn("usage is not counted; its hits stay in the journal", "err", err)
			return false
		}
	}
	return true
}

// lastWaiting is the number of the last entry that is not counted yet; 0 for none.
func (s *Service) lastWaiting() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.entries) == 0 {
		return 0
	}
	return s.entries[len(s.entries)-1].seq
}

// waits tells whether an entry up to last is not counted yet.
func (s *Service) waits(last int64) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.entries) > 0 && s.entries[0].seq <= last
}

// waiting are the first entries that are not counted yet, of at most so many hits.
func (s *Service) waiting(most int) (out []entry) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, p := range s.entries {
		if n += len(p.hits); n > most && len(out) > 0 {
			break
		}
		out = append(out, p)
	}
	return out
}

// foldOwn counts the first entries that wait, unless another has counted them up to last.
func (s *Service) foldOwn(ctx context.Context, last int64) error {
	s.foldMu.Lock()
	defer s.foldMu.Unlock()
	if !s.waits(last) {
		return nil
	}
	entries := s.waiting(foldMost)
	if err := s.DB.InTx(ctx, func(tx *db.Tx) error { return s.fold(tx, s.writer, entries) }); err != nil {
		return err
	}
	last = entries[len(entries)-1].seq
	s.mu.Lock()
	s.entries = slices.Delete(s.entries, 0, len(entries))
	if len(s.entries) == 0 {
		s.entries = nil // what a rush needed is given back
	}
	s.mu.Unlock()
	n := int64(0)
	for _, p := range entries {
		n += int64(len(p.hits))
	}
	if s.uncounted.Add(-n) < foldFull {
		select { // it was full before
		case <-s.full:
		default:
		}
	}
	return s.forgetEntries(ctx, s.writer, last)
}

func (s *Service) forgetEntries(ctx context.Context, writer, last int64) error {
	return s.Journal.InTx(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(`DELETE FROM usage_journal WHERE writer = $1 AND seq <= $2`, writer, last)
		return err
	})
}

// fold counts entries of a writer that have not been counted yet.
func (s *Service) fold(tx *db.Tx, writer int64, entries []entry) error {
	var done int64
	err := tx.QueryRow(`SELECT seq FROM usage_folded WHERE writer = $1`+tx.ForUpdate(), []any{writer}, &done)
	if err != nil && errs.KindOf(err) != errs.NotFound {
		return err
	}
	var batch []*pending
	for _, p := range entries {
		if p.seq > done {
			batch, done = append(batch, p.hits...), p.seq
		}
	}
	if len(batch) == 0 {
		return nil
	}
	if err := s.store(tx, batch); err != nil {
		return err
	}
	_, err = tx.Exec(`INSERT INTO usage_folded (writer, seq, at) VALUES ($1, $2, $3) ON CONFLICT (writer) DO UPDATE SET seq = excluded.seq, at = excluded.at`, writer, done, db.Micros(tx.Now()))
	return err
}

// foldAll counts, within a transaction, all that has been acknowledged before it: of
// this process, and of others where the journal lies in the same database.
func (s *Service) foldAll(tx *db.Tx) error {
	if err := s.fold(tx, s.writer, s.waiting(1<<30)); err != nil || s.Journal != s.DB {
		return err
	}
	left, err := journaled(tx)
	if err != nil {
		return err
	}
	for writer, entries := range left {
		if err := s.fold(tx, writer, entries); err != nil {
			return err
		}
	}
	return nil
}

// Recover counts what processes that are no more have left in the journal.
func (s *Service) Recover(ctx context.Context) error {
	var left map[int64][]entry
	err := s.Journal.Read(ctx, func(tx *db.Tx) (err error) {
		left, err = journaled(tx)
		return err
	})
	if err != nil {
		return err
	}
	delete(left, s.writer)
	for writer, entries := range left {
		for part := range slices.Chunk(entries, 64) {
			if err := s.DB.InTx(ctx, func(tx *db.Tx) error { return s.fold(tx, writer, part) }); err != nil {
				return err
			}
		}
		if err := s.forgetEntries(ctx, writer, entries[len(entries)-1].seq); err != nil {
			return err
		}
	}
	return s.DB.InTx(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(`DELETE FROM usage_folded WHERE at < $1 AND writer <> $2`, db.Micros(s.Now().Add(-markLife)), s.writer)
		return err
	})
}

func journaled(tx *db.Tx) (map[int64][]entry, error) {
	out := map[int64][]entry{}
	err := tx.Each(`SELECT writer, seq, body FROM usage_journal ORDER BY writer, seq`, nil, func(rows rowScanner) error {
		var writer int64
		var p entry
		var body []byte
		if err := rows.Scan(&writer, &p.seq, &body); err != nil {
			return err
		}
		var err error
		p.hits, err = decode(body)
		out[writer] = append(out[writer], p)
		return err
	})
	return out, err
}

// A entry is: the scopes of its hits, as JSON with a length before it, and its hits, each
// with the number of its scope. Texts have their length before them; numbers are varints.
func encode(batch []*pending) ([]byte, error) {
	scopes := make([]Scope, 0, 2)
	of := make([]int, len(batch))
	for i, p := range batch {
		if of[i] = slices.IndexFunc(scopes, p.scope.same); of[i] < 0 {
			of[i] = len(scopes)
			scopes = append(scopes, p.scope)
		}
	}
	head, err := json.Marshal(scopes)
	if err != nil {
		return nil, err
	}
	b := make([]byte, 0, len(head)+160*len(batch))
	b = binary.AppendUvarint(b, uint64(len(head)))
	b = append(b, head...)
	for i, p := range batch {
		b = binary.AppendUvarint(b, uint64(of[i]))
		for _, n := range p.numbers() {
			b = binary.AppendVarint(b, *n)
		}
		for _, t := range p.texts() {
			b = binary.AppendUvarint(b, uint64(len(*t)))
			b = append(b, *t...)
		}
	}
	return b, nil
}

// numbers and texts are all that a hit holds beside its scope.
func (c *cleaned) numbers() [4]*int64 { return [...]*int64{&c.at, &c.value, &c.visitor, &c.cookie} }

func (c *cleaned) texts() [13]*string {
	return [...]*string{&c.site, &c.name, &c.page, &c.source, &c.campaign, &c.profile.device, &c.profile.browser, &c.profile.os, &c.profile.language, &c.profile.width, &c.label, &c.bot, &c.place}
}

// same tells whether two hits are kept under one scope.
func (s Scope) same(o Scope) bool {
	return s.Level == o.Level && s.Revision == o.Revision && slices.Equal(s.Elements, o.Elements) && slices.Equal(s.Abroad, o.Abroad)
}

var errEntry = errs.New(errs.Internal, "analytics.error-journal")

func decode(b []byte) ([]*pending, error) {
	r := entryReader{rest: b}
	var scopes []Scope
	if json.Unmarshal([]byte(r.text()), &scopes) != nil {
		return nil, errEntry
	}
	var out []*pending
	for !r.bad && len(r.rest) > 0 {
		p := &pending{}
		scope := r.count()
		if scope >= uint64(len(scopes)) {
			return nil, errEntry
		}
		p.scope = scopes[scope]
		for _, n := range p.numbers() {
			*n = r.number()
		}
		for _, t := range p.texts() {
			*t = r.text()
		}
		out = append(out, p)
	}
	if r.bad {
		return nil, errEntry
	}
	return out, nil
}

type entryReader struct {
	rest []byte
	bad  bool
}

func (r *entryReader) count() uint64 {
	v, n := binary.Uvarint(r.rest)
	return take(r, v, n)
}

func (r *entryReader) number() int64 {
	v, n := binary.Varint(r.rest)
	return take(r, v, n)
}

func take[T any](r *entryReader, v T, n int) (none T) {
	if n <= 0 {
		r.bad, r.rest = true, nil
		return none
	}
	r.rest = r.rest[n:]
	return v
}

func (r *entryReader) text() string {
	n := r.count()
	if n > uint64(len(r.rest)) {
		r.bad, r.rest = true, nil
		return ""
	}
	t := string(r.rest[:n])
	r.rest = r.rest[n:]
	return t
}
