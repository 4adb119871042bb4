package backup

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"prasan/internal/backup/place"
	"prasan/internal/db"
	"prasan/internal/errs"
	"prasan/internal/vault"
)

// Stream keeps a SQLite database copied: a whole copy, and beside it whatever is committed
// from then on, within a moment. A new whole copy takes the place of the old one each
// night; the old one is continued until then.
type Stream struct {
	Source Source
	Kind   string
	DB     *db.DB
	Place  place.Place
	State  string // file in the data folder with how far it has come
	// Made is told of each whole copy.
	Made func(ctx context.Context, kind, name string, r Report) error

	tail    *db.Tail
	now     progress
	queue   []waiting
	journal []byte           // as it was before the moment at which the log was last read
	whole   chan outcome     // of a whole copy under way; nil when there is none
	wrapper vault.KeyWrapper // of the last increment
	stale   bool             // the one under way was begun before it was asked for
	asOf    time.Time        // when all that was committed had been copied

	mu     sync.Mutex
	fresh  []string // attachments that were stored and are not copied
	recent []string // those since the whole copy under way was begun
	err    error    // of the last try
}

// progress is what must be known to go on after an end of the process.
type progress struct {
	Base  string      `json:"base"`
	Made  time.Time   `json:"made"`
	Log   int         `json:"log"`   // how many times the log began anew since
	Start int         `json:"start"` // frame of the present log from which the copy has it
	Ended int         `json:"ended"` // length of the log before it
	At    db.Position `json:"at"`    // up to which all is copied
	Files int         `json:"files"` // number of the last file of attachments
	Dead  int64       `json:"dead"`  // length of the journal of what was destroyed
	Saved time.Time   `json:"saved"`
}

// waiting is a part that is not copied yet, with the journal as it was before its moment.
type waiting struct {
	part    *db.Part
	journal []byte
}

type outcome struct {
	now    progress
	report Report
	err    error
}

// Resume goes on where the process before stopped, if all that came since is still there.
// It is called before anything is written.
func (s *Stream) Resume(ctx context.Context) error {
	text, err := os.ReadFile(s.State)
	if err == nil && json.Unmarshal(text, &s.now) == nil && s.now.Base != "" {
		tail, ok, err := s.DB.TailFrom(ctx, s.now.At)
		if err != nil {
			return err
		}
		if ok {
			s.tail = tail
			return s.lately()
		}
	}
	s.now = progress{} // the following begins with the first whole copy
	return nil
}

// slack is how long before its last note a process may have stored a file that it did not
// copy any more.
const slack = 5 * time.Minute

// lately finds attachments that were stored when nobody took note.
func (s *Stream) lately() error {
	if s.Kind != Data || s.Source.Files == "" {
		return nil
	}
	since := s.now.Saved.Add(-slack)
	return filepath.WalkDir(s.Source.Files, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err == nil && info.ModTime().After(since) && filepath.Base(filepath.Dir(path)) != "tmp" {
			s.fresh = append(s.fresh, path)
		}
		return nil
	})
}

// Stored tells of an attachment that was stored.
func (s *Stream) Stored(path string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fresh = append(s.fresh, path)
	if s.whole != nil {
		s.recent = append(s.recent, path)
	}
}

// Leave ends the following, at the end of the process.
func (s *Stream) Leave() {
	if s.tail != nil {
		s.tail.Leave()
	}
}

// AsOf is the moment up to which everything committed is copied, and what keeps it from
// going on.
func (s *Stream) AsOf() (time.Time, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asOf, s.err
}

// collect reads what was committed.
func (s *Stream) collect(ctx context.Context) error {
	if s.tail == nil {
		return nil
	}
	journal, err := s.Source.journal(ctx, s.Kind)
	if err != nil {
		return err
	}
	p, err := s.tail.Next()
	if err != nil {
		return err
	}
	s.journal = journal
	if p != nil && s.now.Base != "" {
		s.queue = append(s.queue, waiting{p, journal})
		s.compact()
	}
	return nil
}

// wait has parts wait that were read after the journal was.
func (s *Stream) wait(journal []byte, parts []*db.Part) {
	for _, p := range parts {
		s.queue = append(s.queue, waiting{p, journal})
	}
}

// compactFrom is how many parts may wait before they are made one.
const compactFrom = 64

// compact makes one of the parts of the present log that wait: the place was not reached
// for a while.
func (s *Stream) compact() {
	if len(s.queue) < compactFrom {
		return
	}
	salt := s.tail.At().Salt
	i := slices.IndexFunc(s.queue, func(w waiting) bool { return w.part.To.Salt == salt })
	s.queue = append(s.queue[:i], waiting{s.tail.Whole(s.queue[i].part.From), s.journal})
}

// send copies what waits.
func (s *Stream) send(ctx context.Context, at time.Time) error {
	if s.now.Base == "" {
		return nil
	}
	if err := s.sendFiles(ctx); err != nil {
		return err
	}
	for len(s.queue) > 0 {
		if err := s.sendPart(ctx, s.queue[0]); err != nil {
			return err
		}
		s.queue = s.queue[1:]
	}
	s.mu.Lock()
	s.asOf = at
	s.mu.Unlock()
	return nil
}

func (s *Stream) sendPart(ctx context.Context, w waiting) error {
	p := w.part
	next := s.now
	if p.To.Salt != next.At.Salt { // the log has begun anew
		next.Log, next.Ended, next.Start = next.Log+1, next.At.Frame, 0
	}
	part := Part{Base: next.Base, Log: next.Log, From: p.From.Frame, To: p.To.Frame, Ended: next.Ended}
	if err := s.put(ctx, part, p.To, func(a *archive) error {
		if err := a.add(pagesName, p.Size(), p.Write); err != nil {
			return err
		}
		return a.journal(w.journal)
	}); err != nil {
		return err
	}
	next.At, next.Made = p.To, s.now.Made
	return s.save(next)
}

// put writes one increment.
func (s *Stream) put(ctx context.Context, part Part, at db.Position, fill func(a *archive) error) error {
	head := s.Source.head(s.Kind, s.DB)
	head.Part, head.At = &part, at
	wrapper := s.Source.Wrapper()
	if s.wrapper != nil && s.wrapper != wrapper && !opens(s.wrapper, wrapper) { // the master key was changed: all is to open with the new one soon
		s.now.Made = time.Time{}
	}
	s.wrapper = wrapper
	name := increment{Part: part, at: head.Made}.named(s.Kind)
	return s.Place.Put(ctx, name, func(w io.Writer) error {
		_, err := sealed(w, wrapper, head, fill)
		return err
	})
}

// opens tells whether a key opens what another has wrapped.
func opens(old, now vault.KeyWrapper) bool {
	wrapped, err := now.Wrap(keyLabel, make([]byte, 32))
	if err == nil {
		_, err = old.Unwrap(keyLabel, wrapped)
	}
	return err == nil
}

// sendFiles copies attachments that were stored, and the journal of what was destroyed.
func (s *Stream) sendFiles(ctx context.Context) error {
	if s.Kind != Data {
		return nil
	}
	s.mu.Lock()
	list := slices.Clone(s.fresh)
	s.mu.Unlock()
	dead := s.now.Dead
	if info, err := os.Stat(s.Source.Tombstones); err == nil {
		dead = info.Size()
	}
	if len(list) == 0 && dead == s.now.Dead {
		return nil
	}
	next := s.now
	next.Files, next.Dead = next.Files+1, dead
	err := s.put(ctx, Part{Base: next.Base, Files: next.Files}, db.Position{}, func(a *archive) error {
		if err := a.file(tombstonesName, s.Source.Tombstones); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		for _, path := range list {
			if err := s.Source.attachment(a, path); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	s.mu.Lock()
	s.fresh = s.fresh[len(list):]
	s.mu.Unlock()
	next.Made = s.now.Made
	return s.save(next)
}

// save notes how far the copy has come. The note may be older than the copy: what is
// copied twice does no harm.
func (s *Stream) save(next progress) error {
	next.Saved = s.Source.Now()
	s.now = next
	text, err := json.Marshal(next)
	if err == nil {
		err = os.WriteFile(s.State+".new", text, 0o600)
	}
	if err == nil {
		err = os.Rename(s.State+".new", s.State)
	}
	return err
}

// fold folds the log into the file when it has grown long. Before that, one increment
// takes the place of the many that it has been copied in.
func (s *Stream) fold(ctx context.Context) error {
	if s.whole != nil || len(s.queue) > 0 || s.now.Base == "" || !s.tail.Long() {
		return nil
	}
	if s.tail.At().Frame > s.now.Start && s.tail.At() == s.now.At {
		all := s.tail.Whole(db.Position{Salt: s.now.At.Salt, Frame: s.now.Start})
		if err := s.sendPart(ctx, waiting{all, s.journal}); err != nil {
			return err
		}
		if err := s.tidy(ctx); err != nil {
			return err
		}
	}
	journal, err := s.Source.journal(ctx, s.Kind)
	if err != nil {
		return err
	}
	rest, err := s.tail.Fold(ctx)
	s.wait(journal, rest)
	if err == nil {
		s.journal = journal
	}
	return err
}

// tidy deletes increments whose frames another one has.
func (s *Stream) tidy(ctx context.Context) error {
	items, err := s.Place.List(ctx)
	if err != nil {
		return err
	}
	pages, _ := incrementsOf(items, s.now.Base, s.Kind)
	for _, i := range pages {
		if i.Log == s.now.Log && i.From >= s.now.Start && i.To <= s.now.At.Frame && (i.From > s.now.Start || i.To < s.now.At.Frame) {
			if err := s.Place.Delete(ctx, i.name); err != nil {
				return err
			}
		}
	}
	return nil
}

// begin begins a whole copy, which is made meanwhile.
func (s *Stream) begin(ctx context.Context) error {
	journal, err := s.Source.journal(ctx, s.Kind)
	if err != nil {
		return err
	}
	view, rest, err := s.tail.Here(ctx)
	if s.now.Base != "" {
		s.wait(journal, rest)
	}
	if err != nil {
		return err
	}
	s.journal = journal
	s.mu.Lock()
	s.whole, s.recent = make(chan outcome, 1), nil
	s.mu.Unlock()
	now := progress{Made: s.Source.Now(), Start: s.tail.At().Frame, At: s.tail.At()}
	done := s.whole
	go func() {
		defer view.Close()
		r, err := s.Source.whole(ctx, Copy{Place: s.Place}, s.Kind, s.DB, moment{view, now.At, journal})
		now.Base = r.Name
		done <- outcome{now, r, err}
	}()
	return nil
}

// change goes over to a whole copy that has been made: what came since is copied next.
func (s *Stream) change(ctx context.Context, o outcome) error {
	s.mu.Lock()
	s.whole = nil
	recent := s.recent
	s.recent = nil
	s.mu.Unlock()
	stale := s.stale
	s.stale = false
	if o.err != nil {
		return o.err
	}
	if stale {
		o.now.Made = time.Time{}
	}
	if err := s.collect(ctx); err != nil {
		return err
	}
	s.queue = nil
	if at := s.tail.At(); at != o.now.At {
		from := db.Position{Salt: at.Salt}
		if at.Salt == o.now.At.Salt {
			from.Frame = o.now.Start
		}
		s.queue = []waiting{{s.tail.Whole(from), s.journal}}
	}
	s.mu.Lock()
	s.fresh = append(recent, s.fresh...)
	s.mu.Unlock()
	if err := s.save(o.now); err != nil {
		return err
	}
	if s.Made == nil {
		return nil
	}
	return s.Made(ctx, s.Kind, o.now.Base, o.report)
}

// longest is how long a log may grow, in frames, while its place is not reached: 1 GB.
// Then it is let go, and a new whole copy begins when the place is there again.
const longest = 1 << 18

func (s *Stream) letGo(ctx context.Context) (err error) {
	if s.tail == nil {
		s.tail, err = s.DB.Tail(ctx)
		return err
	}
	if s.tail.At().Frame < longest || len(s.queue) == 0 {
		return nil
	}
	s.queue, s.now = nil, progress{}
	s.tail.Close()
	s.tail, err = s.DB.Tail(ctx)
	return err
}

// note keeps what a try came to, and says when it changes.
func (s *Stream) note(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil && s.err == nil {
		slog.Warn("copying has stopped; it is tried again", "kind", s.Kind, "to", s.Place.String(), "err", err)
	} else if err == nil && s.err != nil {
		slog.Info("copying goes on", "kind", s.Kind)
	}
	s.err = err
}

// Feed keeps data and keys copied. Keys go first: then the copy has the keys of all that
// is in it, at any moment.
type Feed struct {
	Data, Keys *Stream
	Now        func() time.Time
	// Next is when a new whole copy is due after one was made.
	Next func(after time.Time) time.Time

	ask chan chan error
}

// NewFeed returns the feed of two streams.
func NewFeed(data, keys *Stream, now func() time.Time, next func(time.Time) time.Time) *Feed {
	return &Feed{Data: data, Keys: keys, Now: now, Next: next, ask: make(chan chan error)}
}

// lookEvery is how often the log is looked at: half of what may be lost.
const lookEvery = 500 * time.Millisecond

// retryAfter is how long a place that did not answer is left alone.
const retryAfter = 5 * time.Second

// AsOf is the moment up to which data and keys are copied, and what keeps them from going
// on; zero until there are copies of both.
func (f *Feed) AsOf() (time.Time, error) {
	data, err := f.Data.AsOf()
	keys, failed := f.Keys.AsOf()
	if keys.Before(data) {
		data = keys
	}
	return data, errors.Join(err, failed)
}

// Run copies until ctx ends, and then what is left.
func (f *Feed) Run(ctx context.Context) {
	timer := time.NewTicker(lookEvery)
	defer timer.Stop()
	var wanted chan error // who waits for new whole copies
	var pause time.Time
	for {
		select {
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
			defer cancel()
			f.note(f.pass(last))
			return
		case answer := <-f.ask:
			wanted = answer
			for _, s := range f.streams() {
				s.now.Made, s.stale = time.Time{}, s.whole != nil
			}
		case <-timer.C:
		}
		if f.Now().Before(pause) && wanted == nil {
			continue
		}
		err := f.turn(ctx)
		f.note(err)
		if err != nil {
			pause = f.Now().Add(retryAfter)
		}
		if wanted != nil && (err != nil || f.current()) {
			wanted <- err
			wanted = nil
		}
	}
}

func (f *Feed) streams() []*Stream { return []*Stream{f.Data, f.Keys} }

func (f *Feed) note(err error) {
	for _, s := range f.streams() {
		s.note(err)
	}
}

// Anew makes new whole copies of data and keys, and returns when they are made.
func (f *Feed) Anew(ctx context.Context) error {
	answer := make(chan error, 1)
	select {
	case f.ask <- answer:
	case <-ctx.Done():
		return errs.Wrap(ctx.Err(), errs.Unavailable, "error.unavailable")
	}
	select {
	case err := <-answer:
		return err
	case <-ctx.Done():
		return errs.Wrap(ctx.Err(), errs.Unavailable, "error.unavailable")
	}
}

// current tells whether no whole copy is due or under way.
func (f *Feed) current() bool {
	for _, s := range f.streams() {
		if s.whole != nil || s.now.Base == "" || !f.Now().Before(f.Next(s.now.Made)) {
			return false
		}
	}
	return true
}

// turn is one look: whole copies that are due, and what was committed.
func (f *Feed) turn(ctx context.Context) error {
	for _, s := range f.streams() {
		if err := s.letGo(ctx); err != nil {
			return err
		}
		if err := f.renew(ctx, s); err != nil {
			return err
		}
	}
	return f.pass(ctx)
}

// renew begins a whole copy that is due, and goes over to one that is made. Keys begin
// after the data of the first whole copy is there: they have what it needs then.
func (f *Feed) renew(ctx context.Context, s *Stream) error {
	if s.whole != nil {
		select {
		case o := <-s.whole:
			return s.change(ctx, o)
		default:
			return nil
		}
	}
	due := s.now.Base == "" || !f.Now().Before(f.Next(s.now.Made))
	if due && (s == f.Data || f.Data.whole == nil) {
		return s.begin(ctx)
	}
	return nil
}

// pass copies what was committed until now.
func (f *Feed) pass(ctx context.Context) error {
	at := f.Now()
	if err := f.Data.collect(ctx); err != nil {
		return err
	}
	if err := f.Keys.collect(ctx); err != nil { // whatever the data needs was committed before it
		return err
	}
	for _, s := range []*Stream{f.Keys, f.Data} {
		if err := s.send(ctx, at); err != nil {
			return err
		}
		if err := s.fold(ctx); err != nil {
			return err
		}
	}
	return nil
}
