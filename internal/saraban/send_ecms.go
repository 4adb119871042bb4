package saraban

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"prasan/internal/db"
	"prasan/internal/errs"
	"prasan/internal/letters"
	"prasan/internal/saraban/ecms"
	"prasan/internal/thai"
)

var secretCode = map[letters.Secrecy]string{letters.NoSecrecy: "001", letters.Confidential: "002", letters.Secret: "003", letters.TopSecret: "004"}
var speedCode = map[letters.Urgency]string{letters.NoUrgency: "001", letters.Urgent: "002", letters.VeryUrgent: "003", letters.MostUrgent: "004"}

func isoDate(t time.Time) string { return t.In(thai.Bangkok).Format(time.DateOnly) }

// sendECMS gives the letter to the node of the sender. One that was refused before is
// deleted at the node first, so that the same number may be sent again.
func (s *Service) sendECMS(ctx context.Context, d Dispatch) error {
	l, file, err := s.Letters.File(ctx, d.Letter, "dispatch.ecms")
	if err != nil {
		return err
	}
	_, content, err := s.Letters.Words(ctx, d.Letter, "dispatch.ecms")
	if err != nil {
		return err
	}
	sender, _ := s.Agencies.Get(d.Agency)
	var entry Entry
	var before []Dispatch
	err = s.DB.Read(ctx, func(tx *db.Tx) (err error) {
		if entry, err = s.Entry(tx, d.To); err != nil {
			return err
		}
		before, err = dispatches(tx, `letter_id = $1 AND channel = 'ecms' AND state IN ('rejected','invalid')`, d.Letter)
		return err
	})
	if err != nil {
		return err
	}
	node := s.exchangeOf(sender.ECMS)
	if node == nil {
		return errs.New(errs.Unavailable, "error.ecms-no-node")
	}
	if len(before) > 0 {
		_, err := node.Delete(ctx, sender.ECMS, ecms.Ref{LetterID: l.NumberText, Date: isoDate(l.NumberedAt), SenderDepartment: sender.ECMS, AcceptDepartment: entry.ECMS})
		var done *ecms.Fault // it may have been deleted already; the node says whether it takes the letter
		if err != nil && (!errors.As(err, &done) || done.Code == ecms.TryAgain) {
			return err
		}
	}
	doc := s.document(&l, &content, sender.ECMS, entry.ECMS, file)
	files, err := s.attachments(ctx, &l)
	if err != nil {
		return err
	}
	for _, a := range files {
		doc.Attachments = append(doc.Attachments, ecms.File{Mime: a.Type, Data: a.Data})
	}
	if s.SignECMS {
		key, certificate, err := s.Letters.SignerOf(ctx, d.Agency)
		if err != nil {
			return err
		}
		if err := ecms.Sign(doc, key, certificate); err != nil {
			return err
		}
	}
	receipt, err := node.Send(ctx, sender.ECMS, doc)
	var refused *ecms.Fault
	if errors.As(err, &refused) {
		receipt, err = sentBefore(ctx, node, sender.ECMS, l.NumberText, before, refused)
	}
	if err != nil {
		return err
	}
	return s.sent(ctx, d.ID, func(_ *db.Tx, d *Dispatch) error { d.ProcessID = receipt.ProcessID; return nil })
}

// document is a letter as other systems read it (TH e-GIF), without what goes with it.
func (s *Service) document(l *letters.Letter, content *letters.Content, from, to string, file []byte) *ecms.Letter {
	given, family, _ := strings.Cut(l.Signer.Name, " ") // a single name is a given name
	doc := &ecms.Letter{ID: l.NumberText, Date: isoDate(l.NumberedAt), Subject: l.Subject, Secret: secretCode[l.Secrecy], Speed: speedCode[l.Urgency], SendDate: s.Now(), Description: content.Office,
		Sender:   ecms.Party{GivenName: given, FamilyName: family, JobTitle: firstLine(l.Signer.Lines), Ministry: ministryOf(from), Department: from},
		Receiver: ecms.Party{JobTitle: content.Addressee, Ministry: ministryOf(to), Department: to},
		Main:     ecms.File{Mime: l.FileType, Data: file}}
	for _, r := range content.References {
		doc.References = append(doc.References, ecms.Reference{ID: r.Number, Date: r.Date, Subject: r.Subject})
	}
	for i, e := range content.Enclosures {
		if i > 0 {
			doc.Attachment += ", "
		}
		doc.Attachment += e
	}
	return doc
}

// sentBefore looks whether the node has what it just refused: the answer to an earlier
// sending may have been lost on its way, and a node takes a letter once. What came back
// before is not it.
func sentBefore(ctx context.Context, node ecms.Exchange, org, letter string, before []Dispatch, refused *ecms.Fault) (ecms.Receipt, error) {
	all, err := node.Statuses(ctx, org, "")
	if err == nil && len(all) >= lastSent { // there may be more than it tells of
		var more []ecms.Status
		if more, err = node.Statuses(ctx, org, letter); errs.As(err).Key == "error.ecms-answer" {
			err = nil // it does not know how to tell of one
		}
		all = append(all, more...)
	}
	var none *ecms.Fault
	if err != nil && !errors.As(err, &none) {
		return ecms.Receipt{}, err // it is not known yet, and is tried again
	}
	for _, st := range all {
		if st.LetterID == letter && st.ProcessID != "" && !slices.ContainsFunc(before, func(d Dispatch) bool { return d.ProcessID == st.ProcessID }) {
			return ecms.Receipt{ProcessID: st.ProcessID}, nil
		}
	}
	return ecms.Receipt{}, refused
}

// refused ends a sending that the node will not take however often it is tried: a person
// must look, and may send it again or by another way.
func (s *Service) refused(ctx context.Context, d Dispatch, why *ecms.Fault) error {
	err := s.DB.InTx(ctx, func(tx *db.Tx) error {
		now, err := oneDispatch(tx, `id = $1`+tx.ForUpdate(), d.ID)
		if err != nil || now.State != Queued {
			return err
		}
		now.State, now.LastError, now.Note = Failed, "error.ecms-refused", why.Code+": "+why.Description
		return s.move(tx, &now)
	})
	if err != nil {
		return err
	}
	sender, _ := s.Agencies.Get(d.Agency)
	return s.alert(ctx, sender.ECMS, "refused", map[string]any{"dispatch": d.ID, "letter": d.Letter, "code": why.Code, "text": why.Description})
}

func firstLine(lines []string) string {
	if len(lines) == 0 {
		return ""
	}
	return lines[0]
}

func ministryOf(id string) string {
	if len(id) < 2 {
		return id
	}
	return id[:2]
}
