package saraban

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"time"

	"prasan/internal/audit"
	"prasan/internal/db"
	"prasan/internal/errs"
	"prasan/internal/letters"
	"prasan/internal/saraban/ecms"
	"prasan/internal/thai"
)

// notice is a job: something is to be told to the other side through its node.
type notice struct {
	Kind     string
	In       string // a letter that came
	Dispatch string // a letter that went
	Accept   string
}

// notify sends a notice. The same notice twice does no harm: it says the same.
func (s *Service) notify(ctx context.Context, n notice) error {
	x := ecms.Notice{Kind: n.Kind, AcceptID: n.Accept}
	var agency string
	over := false
	err := s.DB.Read(ctx, func(tx *db.Tx) error {
		if n.In != "" {
			i, err := oneIn(tx, `id = $1`, n.In)
			if err != nil {
				return err
			}
			newer, err := manyIn(tx, `agency = $1 AND number_text = $2 AND dated_at = $3 AND channel = 'ecms' AND id > $4`, i.Agency, i.Number, db.Micros(i.Dated), i.ID)
			// The sender has disputed the number meanwhile, or sent the letter anew.
			over = n.Kind == ecms.Accept && i.State == Registered || len(newer) > 0
			agency, x.LetterID, x.Date, x.Subject = i.Agency, i.Number, isoDate(i.Dated), i.Subject
			return err
		}
		d, err := oneDispatch(tx, `id = $1`, n.Dispatch)
		if err != nil {
			return err
		}
		l, err := s.Letters.ByID(tx, d.Letter)
		agency, x.LetterID, x.Date, x.Subject = d.Agency, l.NumberText, isoDate(l.NumberedAt), l.Subject
		return err
	})
	if err != nil {
		return err
	}
	if over {
		return nil
	}
	a, _ := s.Agencies.Get(agency)
	node := s.exchangeOf(a.ECMS)
	if node == nil {
		return errNoNode
	}
	_, err = node.Notify(ctx, a.ECMS, x)
	var refused *ecms.Fault
	if errors.As(err, &refused) && refused.Code != ecms.TryAgain { // it will be refused again: a person must look
		return s.alert(ctx, a.ECMS, "refused", map[string]any{"kind": n.Kind, "letter": x.LetterID, "code": refused.Code, "text": refused.Description})
	}
	return err
}

func (s *Service) alert(ctx context.Context, org, what string, body map[string]any) error {
	slog.Warn("ecms", "what", what, "org", org)
	return s.DB.InTx(ctx, func(tx *db.Tx) error {
		return s.Audit.Append(tx, audit.Event{Actor: "system", Action: "ecms.alert." + what, Object: "ecms:" + org, Body: body})
	})
}

// perRun is how many items of one queue are fetched before the others have their turn.
const perRun = 64

// Poll fetches what waits at the nodes for the organisations that live here, round by
// round, until nothing waits any more.
func (s *Service) Poll(ctx context.Context) error {
	orgs, err := s.served(ctx)
	if err != nil {
		return err
	}
	var all []error
	for len(orgs) > 0 && ctx.Err() == nil {
		var more []string
		for _, id := range orgs {
			n, err := s.fetch(ctx, id)
			if err != nil {
				slog.Error("ecms", "org", id, "err", err)
				all = append(all, err)
			} else if n == perRun {
				more = append(more, id)
			}
		}
		orgs = more
	}
	return errors.Join(all...)
}

// served are the organisations whose queues are fetched here.
func (s *Service) served(ctx context.Context) ([]string, error) {
	orgs := make([]string, 0, len(s.Nodes))
	for id := range s.Nodes {
		orgs = append(orgs, id)
	}
	if s.Serve {
		for _, a := range s.Agencies.All() {
			if a.ECMS == "" || slices.Contains(orgs, a.ECMS) {
				continue
			}
			var here bool
			if err := s.DB.Read(ctx, func(tx *db.Tx) (err error) { here, err = s.lives(tx, a.Code); return err }); err != nil {
				return nil, err
			}
			if here {
				orgs = append(orgs, a.ECMS)
			}
		}
	}
	slices.Sort(orgs)
	return orgs, nil
}

// fetch saves the items of a queue, each before it is removed there, and tells how many.
func (s *Service) fetch(ctx context.Context, org string) (n int, err error) {
	exchange := s.exchangeOf(org)
	if own, ok := exchange.(node); ok {
		return own.fetch(ctx, org)
	}
	for n < perRun {
		item, err := exchange.Head(ctx, org)
		if err != nil {
			return n, s.unreadable(ctx, org, err)
		}
		if item == nil {
			return n, nil
		}
		if err := s.save(ctx, org, item, func(*db.Tx) error { return nil }); err != nil {
			return n, err
		}
		if _, err := exchange.Remove(ctx, org, item.ProcessID); err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}

// unreadable turns what a node refuses, or gives that cannot be read, into an alert.
func (s *Service) unreadable(ctx context.Context, org string, err error) error {
	var bad *ecms.Fault
	if errors.As(err, &bad) {
		return s.alert(ctx, org, "unreadable", map[string]any{"code": bad.Code, "text": bad.Description})
	}
	return err
}

// Items of the own node that are small are saved several at once, since they share a
// commit then.
const (
	together = 16
	small    = 1 << 20
)

// fetch saves what waits at the own node: each item is stored and removed in one
// transaction. What is about one letter is saved in its order.
func (n node) fetch(ctx context.Context, org string) (int, error) {
	var waiting []queued
	err := n.DB.Read(ctx, func(tx *db.Tx) (err error) { waiting, err = queueHeads(tx, org, perRun); return err })
	if err != nil {
		return 0, err
	}
	letters := map[string][]queued{}
	var order []string
	for _, q := range waiting {
		key := q.letter + " " + q.dated
		if q.size > small {
			key = "" // the large ones after each other
		}
		if letters[key] == nil {
			order = append(order, key)
		}
		letters[key] = append(letters[key], q)
	}
	var wg sync.WaitGroup
	free := make(chan struct{}, together)
	failed := make([]error, len(order))
	for i, key := range order {
		free <- struct{}{}
		wg.Go(func() {
			defer func() { <-free }()
			for _, q := range letters[key] {
				if failed[i] = n.take(ctx, org, q.id); failed[i] != nil {
					return
				}
			}
		})
	}
	wg.Wait()
	return len(waiting), errors.Join(failed...)
}

func (n node) take(ctx context.Context, org, id string) error {
	var all []queued
	err := n.DB.Read(ctx, func(tx *db.Tx) (err error) { all, err = queueBodies(tx, `id = $1`, id); return err })
	if err != nil || len(all) == 0 {
		return err
	}
	read := n.view(ctx)
	item, err := n.open(func(fn func(tx *db.Tx) error) error { return read(fn) }, &all[0])
	if err != nil { // it stays, and so does not come again at once
		return errors.Join(err, n.unreadable(ctx, org, err))
	}
	all = nil
	return n.save(ctx, org, item, func(tx *db.Tx) error {
		read = func(fn func(tx *db.Tx) error) error { return fn(tx) } // its files are read where they are stored
		_, err := tx.Exec(`UPDATE ecms_queue SET taken = TRUE WHERE org = $1 AND id = $2`, org, id)
		return err
	})
}

// save stores what came from a node, once for each ProcessID; also runs first in its transaction.
func (s *Service) save(ctx context.Context, org string, item *ecms.Item, also func(tx *db.Tx) error) error {
	agency, ok := s.byECMS(org)
	if !ok {
		return errNoNode
	}
	store := func(tx *db.Tx) error { return s.noticed(tx, agency.Code, item.Notice) }
	if item.Letter != nil {
		found, certificate, refused, err := s.signature(item.Letter)
		if err != nil {
			return err
		}
		if refused != nil { // it is kept, and marked: a registrar decides
			if err := s.alert(ctx, org, "signature", map[string]any{"letter": item.Letter.ID, "from": item.Letter.Sender.Department, "code": refused.Code, "text": refused.Description}); err != nil {
				return err
			}
		}
		arrival := s.arrival(agency.Code, item)
		arrival.Signature, arrival.Certificate = found, certificate
		put, err := s.prepare(ctx, arrival)
		if err != nil {
			return err
		}
		store = func(tx *db.Tx) error {
			if err := put(tx); err != nil {
				return err
			}
			i, err := oneIn(tx, `agency = $1 AND process_id = $2 AND process_id <> ''`, agency.Code, item.ProcessID)
			if err != nil {
				return err
			}
			return s.Jobs.Enqueue(tx, JobNotify, notice{Kind: ecms.Receive, In: i.ID})
		}
	}
	return s.DB.InTx(ctx, func(tx *db.Tx) error {
		n, err := tx.Exec(`INSERT INTO ecms_done (org, process_id, at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`, org, item.ProcessID, db.Micros(tx.Now()))
		if err == nil {
			err = also(tx)
		}
		if err != nil || n == 0 {
			return err
		}
		return store(tx)
	})
}

func (s *Service) arrival(agency string, item *ecms.Item) Arrival {
	l := item.Letter
	dated, _ := time.ParseInLocation(time.DateOnly, l.Date, thai.Bangkok) // it was read as a date before
	a := Arrival{Agency: agency, ToName: l.Receiver.JobTitle, Number: l.ID, Dated: dated, Subject: l.Subject, Secrecy: classOf(l.Secret), Urgency: urgencyOf(l.Speed), Channel: ECMS, ProcessID: item.ProcessID, File: l.Main.Data, large: l.Main, FileType: l.Main.Mime, FromName: l.Sender.JobTitle,
		Content: &letters.Content{Addressee: l.Receiver.JobTitle, Office: l.Description, Enclosures: []string{l.Attachment}}}
	for i, f := range l.Attachments {
		a.Attachments = append(a.Attachments, Attachment{Name: plainName(i, f.Mime), Type: f.Mime, Data: f.Data, large: f})
	}
	if from, ok := s.byECMS(l.Sender.Department); ok {
		a.From, a.FromName = from.Code, from.Name.TH
	}
	return a
}

// noticed brings a notice onto the letter that it is about; one that is about none is
// an alert.
func (s *Service) noticed(tx *db.Tx, agency string, n *ecms.Notice) error {
	if n.Kind == ecms.InvalidAccept {
		dated, err := time.ParseInLocation(time.DateOnly, n.Date, thai.Bangkok)
		if err == nil {
			err = s.numberDisputed(tx, `agency = $1 AND number_text = $2 AND dated_at = $3 AND channel = 'ecms'`, agency, n.LetterID, db.Micros(dated))
		}
		return s.unknown(tx, n, err)
	}
	l, err := s.Letters.ByNumber(tx, agency, n.LetterID, n.Date)
	if err != nil {
		return s.unknown(tx, n, err)
	}
	d, err := oneDispatch(tx, `letter_id = $1 AND channel = 'ecms' ORDER BY id DESC`+tx.ForUpdate(), l.ID)
	if err != nil {
		return s.unknown(tx, n, err)
	}
	return s.heard(tx, &d, n.Kind, n.AcceptID, "")
}

// unknown turns a notice that fits nothing into an alert; any other error stays one.
func (s *Service) unknown(tx *db.Tx, n *ecms.Notice, err error) error {
	if k := errs.KindOf(err); err == nil || k != errs.NotFound && k != errs.Conflict {
		return err
	}
	return s.Audit.Append(tx, audit.Event{Actor: "system", Action: "ecms.alert.unknown", Object: "ecms:" + n.LetterID, Body: n})
}
