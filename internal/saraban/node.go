package saraban

import (
	"context"
	"database/sql"
	"slices"
	"strconv"
	"strings"
	"time"

	"prasan/internal/audit"
	"prasan/internal/db"
	"prasan/internal/errs"
	"prasan/internal/letters"
	"prasan/internal/org"
	"prasan/internal/saraban/ecms"
)

// Node is this installation as the e-CMS node of its organisations: their inbound queues.
// The head of a queue stays until it is removed, so that nothing is lost by one who fetches
// and falls over.
func (s *Service) Node() ecms.Exchange { return node{s} }

type node struct{ *Service }

func refuse(code, text string) error { return &ecms.Fault{Code: code, Description: text} }

// queued is a row of a queue.
type queued struct {
	id, org, sender, kind, letter, dated string
	body                                 []byte
	size                                 int
	at                                   time.Time
}

// queueRows are rows of a queue without what they say, which may be large.
func queueRows(tx *db.Tx, where string, args ...any) ([]queued, error) {
	return queueSelect(tx, `NULL`, where, args)
}

func queueBodies(tx *db.Tx, where string, args ...any) ([]queued, error) {
	return queueSelect(tx, `body`, where, args)
}

func queueSelect(tx *db.Tx, body, where string, args []any) ([]queued, error) {
	var out []queued
	err := tx.Each(`SELECT id, org, sender, kind, letter_id, dated, `+body+`, created_at FROM ecms_queue WHERE `+where, args, func(rows *sql.Rows) error {
		var q queued
		var at int64
		err := rows.Scan(&q.id, &q.org, &q.sender, &q.kind, &q.letter, &q.dated, &q.body, &at)
		q.at = db.Time(at)
		out = append(out, q)
		return err
	})
	return out, err
}

// queueHeads are the first items of a queue, without what they say; size is all of what they
// say, also what lies in pieces.
func queueHeads(tx *db.Tx, org string, limit int) ([]queued, error) {
	var out []queued
	err := tx.Each(`SELECT id, letter_id, dated, LENGTH(body) + COALESCE((SELECT CAST(SUM(p.size) AS BIGINT) FROM letter_parts p WHERE p.owner = ecms_queue.id), 0) FROM ecms_queue WHERE org = $1 AND taken = FALSE ORDER BY id LIMIT `+strconv.Itoa(limit), []any{org}, func(rows *sql.Rows) error {
		var q queued
		err := rows.Scan(&q.id, &q.letter, &q.dated, &q.size)
		out = append(out, q)
		return err
	})
	return out, err
}

func (n node) push(tx *db.Tx, to, from, kind, letter, dated string, item *ecms.Item) (ecms.Receipt, error) {
	item.Receipt = ecms.Receipt{ProcessID: db.NewID(), ProcessTime: tx.Now()}
	row, kept := apart(item)
	body, err := ecms.Marshal(row)
	if err != nil {
		return ecms.Receipt{}, err
	}
	if _, err = tx.Exec(`INSERT INTO ecms_queue (id, org, sender, kind, letter_id, dated, accept_org, body, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
		item.ProcessID, to, from, kind, letter, dated, to, n.Vault.SealSystem(queuePlace(item.ProcessID), body), db.Micros(tx.Now())); err != nil {
		return ecms.Receipt{}, err
	}
	if err := kept.put(tx, item.ProcessID, queuePlace(item.ProcessID), n.Vault.SealSystemInto); err != nil {
		return ecms.Receipt{}, err
	}
	err = n.Audit.Append(tx, audit.Event{Actor: "ecms:" + from, Action: "ecms." + kind, Object: "ecms:" + item.ProcessID, Body: map[string]any{"letter": letter, "dated": dated, "to": to}})
	return item.Receipt, err
}

func queuePlace(id string) string { return "ecms_queue:" + id }

// apart is an item as it lies in its row, and the large files that lie beside it: those of
// the letter, or, of one that was signed, those of its document.
func apart(item *ecms.Item) (*ecms.Item, parts) {
	kept := parts{}
	if item.Letter == nil {
		return item, kept
	}
	if d := item.Letter.Document; d != nil {
		for n, f := range d.Large() {
			kept[n] = f
		}
		return item, kept
	}
	l := *item.Letter
	l.Attachments = slices.Clone(l.Attachments)
	for n, f := range filesOf(&l) {
		kept.take(n, f)
	}
	return &ecms.Item{Receipt: item.Receipt, Letter: &l}, kept
}

// filesOf are the files of a letter by their numbers.
func filesOf(l *ecms.Letter) []*ecms.File {
	out := []*ecms.File{&l.Main}
	for i := range l.Attachments {
		out = append(out, &l.Attachments[i])
	}
	return out
}

// Send takes a letter for another organisation's queue.
func (n node) Send(ctx context.Context, org string, l *ecms.Letter) (r ecms.Receipt, err error) {
	_, _, refused, err := n.signature(l) // what is asked below is asked of what was signed
	if err != nil {
		return r, err
	}
	if l.Sender.Department != org {
		return r, refuse("301", "SenderParty is not the organisation that calls")
	}
	if _, ok := n.byECMS(l.Receiver.Department); !ok {
		return r, refuse("302", "ReceiverParty is not known at this node: "+l.Receiver.Department)
	}
	if classOf(l.Secret).Level() > n.MaxClass.Level() {
		return r, refuse("303", "this node does not take letters of that SecretCode")
	}
	if refused != nil {
		return r, refused
	}
	err = n.DB.InTx(ctx, func(tx *db.Tx) error {
		before, err := queueRows(tx, `sender = $1 AND letter_id = $2 AND dated = $3 AND org = $4 AND kind = '`+ecms.DocumentKind+`'`, org, l.ID, l.Date, l.Receiver.Department)
		if err != nil {
			return err
		}
		if len(before) > 0 {
			return refuse("304", "this letter was sent before; delete it to send it again")
		}
		r, err = n.push(tx, l.Receiver.Department, org, ecms.DocumentKind, l.ID, l.Date, &ecms.Item{Letter: l})
		return err
	})
	return r, err
}

// Notify takes a notice about a letter that went through this node.
func (n node) Notify(ctx context.Context, org string, x ecms.Notice) (r ecms.Receipt, err error) {
	err = n.DB.InTx(ctx, func(tx *db.Tx) error {
		side := "org" // the receiver speaks, and the sender is told
		if x.Kind == ecms.InvalidAccept {
			side = "sender"
		}
		sent, err := queueRows(tx, side+` = $1 AND letter_id = $2 AND dated = $3 AND kind = '`+ecms.DocumentKind+`' ORDER BY id DESC`, org, x.LetterID, x.Date)
		if err != nil {
			return err
		}
		if len(sent) == 0 {
			return refuse("305", "no such letter was sent to you: "+x.LetterID)
		}
		to := sent[0].sender
		if side == "sender" {
			to = sent[0].org
		}
		if late, err := n.late(tx, &x, &sent[0]); err != nil || late {
			if err == nil {
				err = refuse(ecms.TryAgain, "fetch the letter that was sent anew first")
			}
			return err
		}
		if again, err := n.said(tx, org, to, &x); err != nil || again != nil {
			if err == nil {
				r = *again
			}
			return err
		}
		x.AcceptDate, x.AcceptDepartment = isoDate(tx.Now()), org
		r, err = n.push(tx, to, org, x.Kind, x.LetterID, x.Date, &ecms.Item{Notice: &x})
		return err
	})
	return r, err
}

// said finds the notice that an organisation sends once more because it did not hear the
// answer: the last thing that was said of the letter is the same.
func (n node) said(tx *db.Tx, from, to string, x *ecms.Notice) (*ecms.Receipt, error) {
	last, err := queueBodies(tx, `letter_id = $1 AND dated = $2 AND kind <> '`+ecms.DocumentKind+`' AND (sender = $3 AND org = $4 OR sender = $5 AND org = $6) ORDER BY id DESC LIMIT 1`, x.LetterID, x.Date, from, to, to, from)
	if err != nil || len(last) == 0 || last[0].sender != from || last[0].kind != x.Kind {
		return nil, err
	}
	item, err := n.read(&last[0])
	if err != nil || item.Notice.AcceptID != x.AcceptID {
		return nil, err
	}
	return &item.Receipt, nil
}

// read reads what lies in the row of an item.
func (n node) read(q *queued) (*ecms.Item, error) {
	body, err := n.Vault.OpenSystemInPlace(queuePlace(q.id), q.body)
	if err != nil {
		return nil, err
	}
	return ecms.Unmarshal(body)
}

// open reads an item with its files.
func (n node) open(read view, q *queued) (*ecms.Item, error) {
	item, err := n.read(q)
	if err != nil || item == nil || item.Letter == nil {
		return item, err
	}
	if d := item.Letter.Document; d != nil {
		return item, n.signedParts(read, q.id, d)
	}
	files := filesOf(item.Letter)
	if !slices.ContainsFunc(files, func(f *ecms.File) bool { return len(f.Data) == 0 }) {
		return item, nil
	}
	kept, err := n.partsOf(read, q.id, queuePlace(q.id))
	for i, f := range files {
		if k, ok := kept[i]; ok {
			f.Data, f.Size, f.Pieces = k.Data, k.Size, k.Pieces
		}
	}
	return item, err
}

func (n node) signedParts(read view, id string, d *ecms.Document) error {
	if len(d.Large()) == 0 {
		return nil
	}
	kept, err := n.partsOf(read, id, queuePlace(id))
	for i, f := range kept {
		d.Keep(i, f)
	}
	return err
}

func (n node) view(ctx context.Context) view {
	return func(fn func(tx *db.Tx) error) error { return n.DB.Read(ctx, fn) }
}

// Head is the first item of an organisation's queue; it stays there.
func (n node) Head(ctx context.Context, org string) (*ecms.Item, error) {
	var all []queued
	err := n.DB.Read(ctx, func(tx *db.Tx) (err error) {
		all, err = queueBodies(tx, `org = $1 AND taken = FALSE ORDER BY id LIMIT 1`, org)
		return err
	})
	if err != nil || len(all) == 0 {
		return nil, err
	}
	return n.open(n.view(ctx), &all[0])
}

// Remove takes an item off the queue: it has been saved. Doing so again changes nothing.
func (n node) Remove(ctx context.Context, org, id string) (r ecms.Receipt, err error) {
	err = n.DB.InTx(ctx, func(tx *db.Tx) error {
		r = ecms.Receipt{ProcessID: id, ProcessTime: tx.Now()}
		done, err := tx.Exec(`UPDATE ecms_queue SET taken = TRUE WHERE org = $1 AND id = $2`, org, id)
		if err == nil && done == 0 {
			err = refuse("306", "no such ProcessID in your queue")
		}
		return err
	})
	return r, err
}

// deleted is the kind of the row that stays of a letter that was deleted.
const deleted = "Deleted"

// late finds a refusal of a letter that comes when the letter has been sent anew and has
// not been fetched since: it is of the one before, said once more.
func (n node) late(tx *db.Tx, x *ecms.Notice, document *queued) (bool, error) {
	if x.Kind != ecms.Reject && x.Kind != ecms.Invalid {
		return false, nil
	}
	var again, fetched int
	err := tx.QueryRow(`SELECT COUNT(*) FROM ecms_queue WHERE kind = '`+deleted+`' AND letter_id = $1 AND dated = $2 AND sender = $3`, []any{x.LetterID, x.Date, document.sender}, &again)
	if err == nil {
		err = tx.QueryRow(`SELECT COUNT(*) FROM ecms_queue WHERE id = $1 AND taken = TRUE`, []any{document.id}, &fetched)
	}
	return again > 0 && fetched == 0, err
}

// Delete forgets a letter that was refused, so that its number can be sent again.
func (n node) Delete(ctx context.Context, org string, ref ecms.Ref) (r ecms.Receipt, err error) {
	err = n.DB.InTx(ctx, func(tx *db.Tx) error {
		refused, err := queueRows(tx, `org = $1 AND letter_id = $2 AND dated = $3 AND kind IN ('`+ecms.Reject+`','`+ecms.Invalid+`')`, org, ref.LetterID, ref.Date)
		if err != nil {
			return err
		}
		if len(refused) == 0 {
			return refuse("307", "only a letter that was refused can be deleted")
		}
		// What was said of it goes too, so that the new one starts afresh.
		if _, err := tx.Exec(`DELETE FROM letter_parts WHERE owner IN (SELECT id FROM ecms_queue WHERE letter_id = $1 AND dated = $2 AND sender = $3 AND kind = '`+ecms.DocumentKind+`')`, ref.LetterID, ref.Date, org); err != nil {
			return err
		}
		done, err := tx.Exec(`DELETE FROM ecms_queue WHERE letter_id = $1 AND dated = $2 AND (sender = $3 AND kind = '`+ecms.DocumentKind+`' OR org = $4 AND kind <> '`+ecms.DocumentKind+`')`, ref.LetterID, ref.Date, org, org)
		if err == nil && done == 0 {
			err = refuse("305", "no such letter was sent by you: "+ref.LetterID)
		}
		if err != nil {
			return err
		}
		r = ecms.Receipt{ProcessID: db.NewID(), ProcessTime: tx.Now()}
		if _, err := tx.Exec(`INSERT INTO ecms_queue (id, org, sender, kind, letter_id, dated, accept_org, body, taken, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, TRUE, $9)`,
			r.ProcessID, refused[0].sender, org, deleted, ref.LetterID, ref.Date, refused[0].sender, []byte{}, db.Micros(tx.Now())); err != nil {
			return err
		}
		return n.Audit.Append(tx, audit.Event{Actor: "ecms:" + org, Action: "ecms.delete", Object: "ecms:" + ref.LetterID, Body: ref})
	})
	return r, err
}

// Again gives an item a second time, also one that was removed.
func (n node) Again(ctx context.Context, org, kind string, ref ecms.Ref) (*ecms.Item, error) {
	var all []queued
	err := n.DB.Read(ctx, func(tx *db.Tx) (err error) {
		all, err = queueBodies(tx, `org = $1 AND letter_id = $2 AND dated = $3 AND kind = $4 ORDER BY id DESC LIMIT 1`, org, ref.LetterID, ref.Date, kind)
		return err
	})
	if err == nil && len(all) == 0 {
		err = refuse("305", "no such item: "+ref.LetterID)
	}
	if err != nil {
		return nil, err
	}
	return n.open(n.view(ctx), &all[0])
}

// Organizations are those that the directory gives an id.
func (n node) Organizations(context.Context) ([]ecms.Organization, error) {
	var out []ecms.Organization
	for _, a := range n.Agencies.All() {
		if a.ECMS != "" {
			out = append(out, ecms.Organization{ID: a.ECMS, Thai: a.Name.TH, English: a.Name.EN, Ministry: a.Kind == org.Ministry})
		}
	}
	return out, nil
}

// lastSent is how many statuses are told of what was sent last.
const lastSent = 200

// Statuses tells what has been fetched of what an organisation sent.
func (n node) Statuses(ctx context.Context, org, letter string) ([]ecms.Status, error) {
	where, args := `sender = $1 AND kind = '`+ecms.DocumentKind+`'`, []any{org}
	if letter != "" {
		where, args = where+` AND letter_id = $2`, append(args, letter)
	}
	var out []ecms.Status
	err := n.DB.Read(ctx, func(tx *db.Tx) error {
		out = nil
		return tx.Each(`SELECT id, letter_id, taken FROM ecms_queue WHERE `+where+` ORDER BY id DESC LIMIT `+strconv.Itoa(lastSent), args, func(rows *sql.Rows) error {
			var st ecms.Status
			var taken bool
			err := rows.Scan(&st.ProcessID, &st.LetterID, &taken)
			st.State = "ส่งหนังสือรอตอบรับ"
			if taken {
				st.State = "ปลายทางได้รับหนังสือ"
			}
			out = append(out, st)
			return err
		})
	})
	return out, err
}

func classOf(code string) letters.Secrecy {
	for class, c := range secretCode {
		if c == code {
			return class
		}
	}
	return letters.TopSecret // what is not known is treated as the highest
}

func urgencyOf(code string) letters.Urgency {
	for u, c := range speedCode {
		if c == code {
			return u
		}
	}
	return letters.NoUrgency
}

// Caller finds the organisation whose id is given, if it is one of the directory's and
// its agency is the one that the caller belongs to.
func (s *Service) Caller(id, agency string) (string, bool) {
	a, ok := s.byECMS(strings.TrimSpace(id))
	if !ok || a.Code != agency {
		return "", false
	}
	return a.ECMS, true
}

// Organisation tells whether the directory knows an organisation.
func (s *Service) Organisation(id string) bool {
	_, ok := s.byECMS(id)
	return ok
}

var errNoNode = errs.New(errs.Unavailable, "error.ecms-no-node")
