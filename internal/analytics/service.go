package analytics

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"hash"
	"hash/maphash"
	"log/slog"
	mathrand "math/rand/v2"
	"net/url"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"prasan/internal/analytics/ga"
	"prasan/internal/audit"
	"prasan/internal/consent"
	"prasan/internal/db"
	"prasan/internal/errs"
	"prasan/internal/jobs"
	"prasan/internal/mail"
	"prasan/internal/policy"
	"prasan/internal/processing"
)

// Deps is what the service needs.
type Deps struct {
	DB            *db.DB
	Journal       *db.DB // of what is acknowledged and not yet counted; nil: in DB
	Audit         *audit.Log
	Jobs          *jobs.Queue
	Processing    *processing.Service
	Mail          *mail.Service // nil: nothing is sent
	Record        func(activity string) *policy.Snapshot
	Site          func(host string) (agency string, ok bool)                              // served by this installation
	Sites         func() []string                                                         // hosts of all of them
	Key           []byte                                                                  // of visitors' ids, from the vault
	Reader        func(ctx context.Context, account string) (policy.Actor, string, error) // whom reports are mailed to: what he may, and his address
	Seal          func(place string, plain []byte) []byte                                 // for mail to staff
	Open          func(place string, sealed []byte) ([]byte, error)                       // what Seal sealed
	Google        *ga.Client                                                              // the way to the provider abroad; nil: there is none
	GoogleDefault ga.Property                                                             // of sites that have none of their own; empty without one
	Places        func(addr string) string                                                // province or country of an address; nil without a database
	Gate          func(ctx context.Context) error                                         // an error while a breach has closed the way to Google; nil: nothing closes it
	Now           func() time.Time
	NoLimits      bool
}

// Service collects and reports usage.
type Service struct {
	Deps
	terms   *terms
	names   names
	known   *known
	salts   salts
	scopes  atomic.Pointer[scopes]
	hosts   hosts
	google  googleSites
	limits  limiter
	publics publics
	queue   chan *pending
	once    sync.Once
	quit    chan struct{} // Close was called
	written chan struct{} // nothing more is written into the journal
	done    chan struct{} // all is counted
	lastAt  int64

	writer     int64 // of this process in the journal
	seq        int64 // of its last entry
	crowd      int   // hits in it
	mu         sync.Mutex
	entries    []entry
	uncounted  atomic.Int64 // their hits
	some, full chan struct{}
	foldMu     sync.Mutex
	node       int64    // tells rows of this process from those of others at the same moment
	logged     sync.Map // logKey -> true
	Stats      Stats
}

// Stats are counted since the start, for the metrics.
type Stats struct{ Stored, Refused, Shed, Limited, Others, Commits atomic.Int64 }

// pending is a hit that waits to be durable.
type pending struct {
	cleaned
	done chan error // nil: nobody waits
}

const (
	queueLength = 4096
	maxBatch    = 512
)

// New opens the service and starts its writer; Close ends it.
func New(ctx context.Context, d Deps) (*Service, error) {
	s := &Service{Deps: d, terms: newTerms(), queue: make(chan *pending, queueLength), quit: make(chan struct{}), written: make(chan struct{}), done: make(chan struct{}), some: make(chan struct{}, 1), full: make(chan struct{}, 1)}
	s.limits.off = d.NoLimits
	s.node, s.writer = mathrand.Int64N(1<<31), mathrand.Int64()
	if s.Journal == nil {
		s.Journal = s.DB
	}
	s.salts.key = d.Key
	var err error
	if s.known, err = s.terms.known(ctx, d.DB); err != nil {
		return nil, err
	}
	if err := s.convert(ctx); err != nil {
		return nil, err
	}
	if err := s.hosts.load(ctx, d.DB); err != nil {
		return nil, err
	}
	if err := s.loadGoogle(ctx); err != nil {
		return nil, err
	}
	if err := s.Recover(ctx); err != nil {
		slog.Warn("what is left in the journal of usage is not counted yet", "err", err)
	}
	go s.run()
	go s.folding()
	return s, nil
}

// Close stores and counts what is queued, and ends the writer.
func (s *Service) Close() error {
	s.once.Do(func() { close(s.quit) })
	<-s.done
	return nil
}

// Collect stores a hit and returns when it is durable. It refuses what the record does
// not have collected, and hosts that are not ours.
func (s *Service) Collect(ctx context.Context, h Hit) error {
	p, err := s.prepare(ctx, h)
	if err != nil {
		return err
	}
	p.done = make(chan error, 1)
	if err := s.enqueue(p); err != nil {
		return err
	}
	select {
	case err := <-p.done:
		return err
	case <-ctx.Done():
		return errs.Wrap(ctx.Err(), errs.Unavailable, "error.unavailable")
	case <-s.done:
	}
	select { // it may have been among the last that were stored
	case err := <-p.done:
		return err
	default:
		return errs.New(errs.Unavailable, "error.unavailable")
	}
}

// Count stores a hit of a page that we serve. Nobody waits for it, and where the queue
// is full it is lost and counted as such: the page comes first.
func (s *Service) Count(ctx context.Context, h Hit) {
	if p, err := s.prepare(ctx, h); err == nil {
		_ = s.enqueue(p) // counted in Stats
	}
}

func (s *Service) enqueue(p *pending) error {
	select {
	case <-s.quit:
		return errs.New(errs.Unavailable, "error.unavailable")
	default:
	}
	if s.uncounted.Load() > maxUncounted {
		s.Stats.Shed.Add(1)
		return errs.New(errs.TooMany, "analytics.error-busy")
	}
	select {
	case s.queue <- p:
		return nil
	default:
		s.Stats.Shed.Add(1)
		return errs.New(errs.TooMany, "analytics.error-busy")
	}
}

// prepare decides what may be kept of a hit and drops the rest of it.
func (s *Service) prepare(ctx context.Context, h Hit) (*pending, error) {
	u, err := h.check()
	if err != nil {
		return nil, err
	}
	scope, ok := s.scope(h.Signals)
	if !ok {
		s.Stats.Refused.Add(1)
		return nil, errs.New(errs.Forbidden, "analytics.error-not-collected")
	}
	if !s.accepts(h.Site, u) {
		s.Stats.Refused.Add(1)
		return nil, errs.New(errs.Forbidden, "analytics.error-host")
	}
	if len(h.Props) > maxProps {
		return nil, errs.InvalidField("p", "analytics.error-properties")
	}
	c := h.clean(u, scope, s.isOurs)
	if c.name == "" {
		s.Stats.Refused.Add(1)
		return nil, errs.New(errs.Forbidden, "analytics.error-not-collected")
	}
	s.locate(&h, &c)
	if err := s.identify(ctx, &h, &c); err != nil {
		return nil, err
	}
	if !s.limits.allow(s.Now, h.Addr, h.Agent) {
		s.Stats.Limited.Add(1)
		return nil, errs.New(errs.TooMany, "analytics.error-busy")
	}
	return &pending{cleaned: c}, nil
}

// scopes are the decisions for the four kinds of visitors, made once for a record.
type scopes struct {
	record *policy.Snapshot
	by     [4]struct {
		scope Scope
		ok    bool
	}
}

// scope is Decide, remembered: it depends on the record and on nothing but what kind of
// visitor asks.
func (s *Service) scope(v Signals) (Scope, bool) {
	record := s.Record(Activity)
	if record == nil {
		return Scope{}, false
	}
	made := s.scopes.Load()
	if made == nil || made.record != record {
		made = &scopes{record: record}
		for i, x := range [...]Signals{{OptOut: true}, {}, {Visitor: "x", Choice: consent.Choice{Version: "x", Allowed: []string{consent.Analytics}}}, {Visitor: "x", Choice: consent.Choice{Version: "x", Allowed: []string{consent.Analytics, consent.Google}}}} {
			made.by[i].scope, made.by[i].ok = Decide(record, x)
		}
		s.scopes.Store(made)
	}
	kind := 2
	switch {
	case v.OptOut || v.Choice.Refused():
		kind = 0
	case v.Visitor == "" || !v.Choice.Allows(consent.Analytics):
		kind = 1
	case v.Choice.Allows(consent.Google):
		kind = 3
	}
	return made.by[kind].scope, made.by[kind].ok
}

// accepts tells whether a page is one of the site's that collects, or of a registered
// host that embeds the script.
func (s *Service) accepts(site string, u *url.URL) bool {
	host := hostOf(u)
	if host == site {
		_, ok := s.Site(host)
		return ok
	}
	_, ok := s.hosts.agency(host)
	return ok
}

func (s *Service) isOurs(host string) bool {
	if _, ok := s.Site(host); ok {
		return true
	}
	_, ok := s.hosts.agency(host)
	return ok
}

// identify makes the visitor's id, where the scope has it: of his address and agent (L1)
// or of his cookie (L2). Either is good for one day and one site, so that the visitors of
// sites and days add up and a site can be counted again without the others.
func (s *Service) identify(ctx context.Context, h *Hit, c *cleaned) error {
	switch {
	case c.bot != "":
	case c.scope.Level >= L2 && c.scope.Has("visitor_cookie"):
		c.cookie = s.CookieKey(h.Signals.Visitor)
		c.visitor = sum64(s.Key, "day", strconv.FormatInt(c.cookie, 36), strconv.FormatInt(dayOf(db.Micros(s.Now())), 36), c.site)
	case c.scope.Level == L1 && c.scope.Has("visitor_day_id"):
		today, err := s.salts.of(ctx, s.DB, dayOf(db.Micros(s.Now())))
		if err != nil {
			return err
		}
		c.visitor = today.sum(c.site, h.Addr, h.Agent)
	}
	return nil
}

// CookieKey is what is kept of a cookie: a keyed hash.
func (s *Service) CookieKey(visitor string) int64 { return sum64(s.Key, "cookie", visitor) }

// sum64 is a keyed hash of texts as a positive number that is not 0.
func sum64(key []byte, parts ...string) int64 { return newKeyed(key).sum(parts...) }

// keyed makes keyed hashes (HMAC-SHA-256) by one key, again and again.
type keyed struct{ pool sync.Pool }

// hasher is what one of them needs.
type hasher struct {
	mac hash.Hash
	buf []byte
}

func newKeyed(key []byte) *keyed {
	k := &keyed{}
	k.pool.New = func() any { return &hasher{mac: hmac.New(sha256.New, key)} }
	return k
}

func (k *keyed) sum(parts ...string) int64 {
	x := k.pool.Get().(*hasher)
	defer k.pool.Put(x)
	x.buf = x.buf[:0]
	for _, p := range parts {
		x.buf = binary.BigEndian.AppendUint32(x.buf, uint32(len(p)))
		x.buf = append(x.buf, p...)
	}
	x.mac.Reset()
	x.mac.Write(x.buf)
	x.buf = x.mac.Sum(x.buf[:0])
	n := int64(binary.BigEndian.Uint64(x.buf)>>1) | 1
	clear(x.buf[:cap(x.buf)]) // addresses are not kept
	return n
}

// salts are the secret of the day, the same on all nodes, gone with the day.
type salts struct {
	mu    sync.Mutex
	key   []byte // of the installation, beside the salt
	today atomic.Pointer[salted]
}

// salted makes the ids of a day.
type salted struct {
	day int64
	*keyed
}

// of returns what makes the ids of a day; who asks first on a new day makes its salt and
// destroys the one before.
func (s *salts) of(ctx context.Context, d *db.DB, day int64) (*salted, error) {
	if x := s.today.Load(); x != nil && x.day == day {
		return x, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if x := s.today.Load(); x != nil && x.day == day {
		return x, nil
	}
	fresh := make([]byte, 32)
	rand.Read(fresh) // never fails since Go 1.24
	var salt []byte
	err := d.InTx(ctx, func(tx *db.Tx) error {
		if _, err := tx.Exec(`INSERT INTO usage_salts (day, salt) VALUES ($1, $2) ON CONFLICT (day) DO NOTHING`, day, fresh); err != nil {
			return err
		}
		if _, err := tx.Exec(`DELETE FROM usage_salts WHERE day < $1`, day); err != nil {
			return err
		}
		return tx.QueryRow(`SELECT salt FROM usage_salts WHERE day = $1`, []any{day}, &salt)
	})
	if err != nil {
		return nil, err
	}
	x := &salted{day, newKeyed(append(salt, s.key...))}
	s.today.Store(x)
	return x, nil
}

// limiter bounds how often one client may call, in this process: a bucket of burst
// hits that fills by perSecond.
type limiter struct {
	mu      sync.Mutex
	off     bool
	buckets map[uint64]bucket // by a hash that no other process has
}

type bucket struct {
	left float64
	at   time.Time
}

const (
	burst      = 2000
	perSecond  = 50
	maxBuckets = 50_000
)

func (l *limiter) allow(clock func() time.Time, addr, agent string) bool {
	if l.off {
		return true
	}
	var h maphash.Hash
	h.SetSeed(memoSeed)
	h.WriteString(addr)
	h.WriteByte(0)
	h.WriteString(agent)
	client, now := h.Sum64(), clock()
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.buckets == nil || len(l.buckets) > maxBuckets {
		l.buckets = map[uint64]bucket{}
	}
	b, ok := l.buckets[client]
	if !ok {
		b = bucket{burst, now}
	}
	b.left = min(burst, b.left+now.Sub(b.at).Seconds()*perSecond)
	b.at = now
	allowed := b.left >= 1
	if allowed {
		b.left--
	}
	l.buckets[client] = b
	return allowed
}
