package db

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"prasan/internal/errs"
)

const (
	// maxBatch and maxHold bound how many callers share a commit and how long the
	// first of them waits for the others.
	maxBatch = 128
	maxHold  = 20 * time.Millisecond
	// maxLinger is how long a commit waits for company when the one before had some.
	maxLinger = 500 * time.Microsecond
	// maxTries is how often a callback is run when transactions of other nodes collide with it.
	maxTries = 8
	// patience is how often it may collide before its lane writes alone.
	patience = 2
	// maxWait is how long a lane waits for writers of other processes, maxNap how long it
	// sleeps between two tries.
	maxWait = 10 * time.Second
	maxNap  = time.Millisecond
	noWait  = "PRAGMA busy_timeout=0"
)

// request is one call of InTx.
type request struct {
	fn    func(*Tx) error
	done  chan error
	tries int
	after []func()
	err   error
}

// lane is one writer: a connection and the queue of those who wait for it. Who finds it
// idle commits by himself: two hand-overs between goroutines cost a tenth of a commit.
type lane struct {
	mu      sync.Mutex // held by who writes; guards all but queue and alone
	db      *DB
	index   int
	session *session
	queue   chan *request
	alone   chan func()   // done between two commits
	again   chan struct{} // some are held, and who held them has gone
	ended   chan struct{} // closed when the lane takes no more
	memo    map[any]any
	crowd   int // how many shared the last commit
	// held are requests that collided and are run again in the next commit.
	held []*request
}

// InTx runs fn in a write transaction and returns when it is durable. fn may be run
// again, so it has no effect but the transaction's; what it must tell others it gives
// to tx.AfterCommit or enqueues as a job.
func (d *DB) InTx(ctx context.Context, fn func(tx *Tx) error) error {
	r := &request{fn: fn, done: make(chan error, 1)}
	l := d.lanes[0]
	if len(d.lanes) > 1 {
		l = d.lanes[int(d.next.Add(1))%len(d.lanes)]
	}
	if ctx.Err() != nil || !l.direct(r) {
		select {
		case l.queue <- r:
		case <-ctx.Done():
			return errs.Wrap(ctx.Err(), errs.Unavailable, "error.unavailable")
		case <-d.closing:
			return errs.New(errs.Unavailable, "error.unavailable")
		}
	}
	select {
	case err := <-r.done:
		return err
	case <-l.ended:
	}
	select { // it may have been the last one that was answered
	case err := <-r.done:
		return err
	default:
		return errs.New(errs.Unavailable, "error.unavailable")
	}
}

// direct runs r in the goroutine of its caller, if nobody writes and nobody waits. Who
// comes meanwhile shares the commit or is found in the queue after it. Where the last
// commit was shared it stays out of the way: who overtakes makes the shares smaller. It
// makes one commit and no more: who lost in it, be it r, is run again by the lane, so that
// no caller is kept for the collisions of others.
func (l *lane) direct(r *request) bool {
	if len(l.queue) > 0 || !l.mu.TryLock() {
		return false
	}
	defer l.mu.Unlock()
	select {
	case <-l.db.closing:
		return false
	default:
	}
	if l.crowd > 1 { // where many write, they wait for each other
		return false
	}
	l.commit(r)
	if len(l.held) > 0 {
		select {
		case l.again <- struct{}{}:
		default: // it has been told, and takes them all
		}
	}
	return true
}

// settle commits first and whatever of it is run again.
func (l *lane) settle(first *request) {
	l.commit(first)
	l.rest()
}

// rest runs again those who are held.
func (l *lane) rest() {
	for len(l.held) > 0 {
		l.commit(nil)
	}
}

func (l *lane) run() {
	defer l.db.wg.Done()
	defer close(l.ended)
	for {
		select {
		case first := <-l.queue:
			l.mu.Lock()
			l.settle(first)
			l.mu.Unlock()
		case <-l.again:
			l.mu.Lock()
			l.rest()
			l.mu.Unlock()
		case f := <-l.alone:
			l.mu.Lock()
			f()
			l.mu.Unlock()
		case <-l.db.closing:
			l.mu.Lock()
			l.drain()
			l.mu.Unlock()
			return
		}
	}
}

// drain answers those who had already queued when the database was closed.
func (l *lane) drain() {
	for {
		select {
		case r := <-l.queue:
			l.settle(r)
		default:
			l.rest()
			l.session.close()
			return
		}
	}
}

// commit runs first and those who follow it in one transaction, and answers them all.
func (l *lane) commit(first *request) {
	batch := make([]*request, 0, 16)
	waiting := l.held
	l.held = nil
	if first != nil {
		waiting = append(waiting, first)
	}
	began := time.Now()
	var linger <-chan time.Time
	// PostgreSQL's transaction sees what was committed before its first statement: who
	// comes later, perhaps having written by another lane meanwhile, must not share it.
	gathered := l.db.Dialect == PostgreSQL
	if gathered {
		if l.crowd > 1 {
			linger = time.After(maxLinger)
		}
		for len(waiting) < maxBatch {
			r := l.follower(linger)
			if r == nil {
				break
			}
			waiting = append(waiting, r)
		}
	}
	release := l.turn(waiting)
	if err := l.begin(); err != nil {
		release()
		l.answer(waiting, classify(err))
		return
	}
	var failed error
	for failed == nil {
		var r *request
		if len(waiting) > 0 {
			r, waiting = waiting[0], waiting[1:]
		} else if !gathered && len(batch) < maxBatch && time.Since(began) < maxHold {
			if linger == nil && l.crowd > 1 {
				linger = time.After(maxLinger)
			}
			r = l.follower(linger)
		}
		if r == nil {
			break
		}
		batch = append(batch, r)
		failed = l.step(r, len(batch) == 1)
	}
	batch = append(batch, waiting...)
	l.crowd = len(batch)
	if failed == nil {
		failed = l.session.exec("COMMIT")
	}
	release()
	if failed != nil {
		l.undo(batch, failed)
		return
	}
	l.finish(batch)
}

// turn lets the lanes of PostgreSQL write side by side, and one of them alone when those
// in it have lost against others: where all want the same row, the losers would lose
// again until their tries are over.
func (l *lane) turn(waiting []*request) (release func()) {
	if len(l.db.lanes) == 1 {
		return func() {}
	}
	if slices.ContainsFunc(waiting, func(r *request) bool { return r.tries >= patience }) {
		l.db.turn.Lock()
		return l.db.turn.Unlock
	}
	l.db.turn.RLock()
	return l.db.turn.RUnlock
}

// follower returns the next who wants to share the commit, or nil when nobody waits and
// nobody came before linger ended. A sync costs as much for one as for ten: where many
// write at once, a moment's patience makes it cheaper for each; who writes alone is
// never kept.
func (l *lane) follower(linger <-chan time.Time) *request {
	select {
	case r := <-l.queue:
		return r
	default:
	}
	if linger == nil {
		return nil
	}
	select {
	case r := <-l.queue:
		return r
	case <-linger:
		return nil
	}
}

func (l *lane) begin() error {
	clear(l.memo)
	text := "BEGIN IMMEDIATE"
	if l.db.Dialect == PostgreSQL {
		text = "BEGIN ISOLATION LEVEL REPEATABLE READ"
	}
	err := l.open(text)
	if err == nil || isBusy(err) {
		return err
	}
	// A connection that was lost, or left inside a transaction, is replaced once.
	if again := l.session.reconnect(context.Background()); again != nil {
		return again
	}
	return l.open(text)
}

// open begins a transaction when its turn comes. SQLite itself waits in naps of up to a
// tenth of a second and can miss, by chance, every gap that a busy writer of another
// process leaves; here they are short.
func (l *lane) open(text string) error {
	began, nap := time.Now(), maxNap/16
	for {
		err := l.session.exec(text)
		if !isBusy(err) || time.Since(began) > maxWait {
			return err
		}
		time.Sleep(nap)
		nap = min(2*nap, maxNap)
	}
}

// step runs one request in its savepoint. The first of a transaction needs none: what
// failed is undone with the transaction, in which nobody else has done anything yet. It
// returns an error only when the whole transaction is lost.
func (l *lane) step(r *request, first bool) error {
	if !first {
		if err := l.session.exec("SAVEPOINT s"); err != nil {
			return err
		}
	}
	before := maps.Clone(l.memo)
	tx := &Tx{Dialect: l.db.Dialect, session: l.session, now: l.db.clock.Now().UTC().Truncate(time.Microsecond), lane: l}
	r.tries++
	r.err = l.call(tx, r.fn)
	r.after = tx.after
	switch {
	case r.err == nil && first:
		return nil
	case r.err == nil:
		return l.session.exec("RELEASE SAVEPOINT s")
	}
	l.memo = before
	back, on := "ROLLBACK TO SAVEPOINT s", func() error { return l.session.exec("RELEASE SAVEPOINT s") }
	if first {
		back, on = "ROLLBACK", l.begin
	}
	// An engine that ran out of disk may have rolled back everything by itself; then
	// there is nothing left to return to and nobody in this commit is safe.
	if err := l.session.exec(back); err != nil {
		return r.err
	}
	return on()
}

func (l *lane) call(tx *Tx, fn func(*Tx) error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = errs.Wrap(fmt.Errorf("panic: %v\n%s", p, debug.Stack()), errs.Internal, "error.internal")
		}
	}()
	return fn(tx)
}

// undo rolls the transaction back; those who may run again do, the others learn why.
func (l *lane) undo(batch []*request, cause error) {
	if err := l.session.exec("ROLLBACK"); err != nil {
		_ = l.session.reconnect(context.Background()) // begin tries again and reports
	}
	clear(l.memo)
	for _, r := range batch {
		switch {
		case isCollision(cause) && r.tries < maxTries:
			l.held = append(l.held, r)
		case r.err != nil && !isCollision(r.err):
			r.done <- r.err
		default:
			r.done <- classify(cause)
		}
	}
}

// finish answers those whose work is durable, and holds those who collided.
func (l *lane) finish(batch []*request) {
	for _, r := range batch {
		if r.err != nil && isCollision(r.err) && r.tries < maxTries {
			l.held = append(l.held, r)
			continue
		}
		if r.err == nil {
			for _, f := range r.after {
				tell(f)
			}
		}
		r.done <- r.err
	}
}

// tell runs what was left for after the commit. What breaks in it must not keep those who
// share the commit from their answers.
func tell(f func()) {
	defer func() {
		if p := recover(); p != nil {
			slog.Error("after a commit", "panic", p, "stack", string(debug.Stack()))
		}
	}()
	f()
}

func (l *lane) answer(rs []*request, err error) {
	for _, r := range rs {
		r.done <- err
	}
}

// reader is a connection for reading; it is given back to d.readers.
func (d *DB) reader(ctx context.Context) (*session, error) {
	select {
	case s := <-d.readers:
		return s, nil
	case <-ctx.Done():
		return nil, errs.Wrap(ctx.Err(), errs.Unavailable, "error.unavailable")
	case <-d.closing:
		return nil, errs.New(errs.Unavailable, "error.unavailable")
	}
}

// Read runs fn over one consistent view of the database.
func (d *DB) Read(ctx context.Context, fn func(tx *Tx) error) error {
	s, err := d.reader(ctx)
	if err != nil {
		return err
	}
	defer func() { d.readers <- s }()
	text := "BEGIN"
	if d.Dialect == PostgreSQL {
		text = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
	}
	if err := s.exec(text); err != nil {
		if again := s.reconnect(ctx); again != nil {
			return classify(again)
		}
		if err := s.exec(text); err != nil {
			return classify(err)
		}
	}
	defer func() {
		if s.exec("ROLLBACK") != nil {
			_ = s.reconnect(context.Background())
		}
	}()
	return fn(&Tx{Dialect: d.Dialect, session: s, now: d.clock.Now().UTC().Truncate(time.Microsecond)})
}

// Row reads one row with one statement, which sees one moment by itself: no transaction is
// opened around it. It returns an errs.NotFound when there is none.
func (d *DB) Row(ctx context.Context, query string, args []any, dest ...any) error {
	s, err := d.reader(ctx)
	if err != nil {
		return err
	}
	defer func() { d.readers <- s }()
	tx := &Tx{Dialect: d.Dialect, session: s}
	err = tx.QueryRow(query, args, dest...)
	if err == nil || errs.KindOf(err) == errs.NotFound {
		return err
	}
	if again := s.reconnect(ctx); again != nil { // a connection that was lost is replaced once
		return classify(again)
	}
	return tx.QueryRow(query, args, dest...)
}
