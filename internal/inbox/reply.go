package inbox

import (
	"context"
	"encoding/json"
	netmail "net/mail"
	"strings"

	"prasan/internal/db"
	"prasan/internal/errs"
	"prasan/internal/jobs"
	"prasan/internal/mail"
	"prasan/internal/processing"
	"prasan/internal/saraban"
	"prasan/internal/saraban/ecms"
	"prasan/internal/thai"
	"prasan/internal/vault"
)

// JobTell is the kind of job that tells the sender of a letter that came by mail what
// became of it, by the way it came.
const JobTell = "inbox.tell"

type telling struct{ In, Kind string }

// words of what is told, for people; machines read the notice beside it.
var toldWords = map[string]string{
	ecms.Accept:  "ลงทะเบียนรับหนังสือแล้ว เลขรับ {number}",
	ecms.Reject:  "ปฏิเสธการรับหนังสือ: {reason}",
	ecms.Invalid: "แจ้งหนังสือผิด: {reason}",
}

// onBack follows letters in the register that came by mail.
func (s *Service) onBack(tx *db.Tx, i *saraban.In, kind string) error {
	if _, told := toldWords[kind]; !told || !strings.HasPrefix(i.ProcessID, processPrefix) {
		return nil
	}
	return s.Jobs.Enqueue(tx, JobTell, telling{i.ID, kind})
}

// processPrefix, with the id of a mail, is how the register knows what came by mail.
const processPrefix = "mail:"

func (s *Service) tell(ctx context.Context, j jobs.Job) error {
	var t telling
	if err := json.Unmarshal(j.Payload, &t); err != nil {
		return err
	}
	var in saraban.In
	err := s.DB.Read(ctx, func(tx *db.Tx) (err error) { in, err = s.Saraban.ArrivedByMail(tx, t.In); return err })
	if err != nil {
		return err
	}
	n := &ecms.Notice{Kind: t.Kind, LetterID: in.Number, Date: in.Dated.In(thai.Bangkok).Format("2006-01-02"), Subject: in.Subject}
	if t.Kind == ecms.Accept {
		n.AcceptID = in.ReceiptText()
	}
	text := strings.NewReplacer("{number}", in.ReceiptText(), "{reason}", in.Reason).Replace(toldWords[t.Kind])
	machine, err := ecms.WriteNotice(n)
	if err != nil {
		return err
	}
	m, err := s.replyTo(ctx, &in, j.ID, mail.Body{Text: text, Files: []mail.File{{Name: saraban.NoticeXML, Type: "application/xml", Data: machine}}})
	if errs.KindOf(err) == errs.NotFound {
		return nil // the mail has been destroyed; nobody can be told by it
	}
	if err != nil {
		return err
	}
	return s.DB.InTx(ctx, func(tx *db.Tx) error {
		if _, err := s.Mail.Sent(tx, m.ID); err == nil {
			return nil // the job is done a second time
		}
		return s.Mail.Queue(tx, m)
	})
}

// onAnswer sends the answer to a letter back to where the letter came from.
func (s *Service) onAnswer(ctx context.Context, in *saraban.In, _, text string) (func(tx *db.Tx) error, error) {
	if in.Channel != saraban.Email || !strings.HasPrefix(in.ProcessID, processPrefix) {
		return nil, nil
	}
	m, err := s.replyTo(ctx, in, db.NewID(), mail.Body{Text: text})
	if errs.KindOf(err) == errs.NotFound {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return func(tx *db.Tx) error { return s.Mail.Queue(tx, m) }, nil
}

// replyTo makes the mail that answers the one by which a letter came, sealed with its key.
func (s *Service) replyTo(ctx context.Context, in *saraban.In, id string, body mail.Body) (mail.Message, error) {
	var i Item
	err := s.DB.Read(ctx, func(tx *db.Tx) (err error) {
		i, err = whole(tx, strings.TrimPrefix(in.ProcessID, processPrefix))
		return err
	})
	if err != nil {
		return mail.Message{}, err
	}
	plain, err := s.Processing.Handle(ctx, processing.Request{Activity: Activity, Purpose: Purpose, Items: []vault.Sealed{i.sealedRaw()}, Detail: "inbox.reply"}, "mailbox")
	if err != nil {
		return mail.Message{}, err
	}
	m, _ := Parse(plain[0])
	to := m.From.Address
	if asked := parser.list(m.Field("Reply-To")); len(asked) == 1 && sameDomain(asked[0], &m.From) {
		to = asked[0].Address
	}
	subject, err := s.Vault.Subject(ctx, i.subjectKey)
	if err != nil {
		return mail.Message{}, err
	}
	text, err := json.Marshal(body)
	if err != nil {
		return mail.Message{}, err
	}
	return mail.Message{ID: id, Kind: "letter-reply", Lang: "th", Agency: in.Agency, SubjectKey: i.subjectKey, Recipient: subject.Seal(mail.Place(id, "recipient"), []byte(to)), Body: subject.Seal(mail.Place(id, "body"), text),
		Meta: map[string]string{"letter": in.Number, "answers": m.MessageID}}, nil
}

// sameDomain: answers go where the sender asks for them, but not to somebody else.
func sameDomain(a, b *netmail.Address) bool {
	_, x, _ := strings.Cut(strings.ToLower(a.Address), "@")
	_, y, _ := strings.Cut(strings.ToLower(b.Address), "@")
	return x == y || strings.HasSuffix(x, "."+y) || strings.HasSuffix(y, "."+x)
}
