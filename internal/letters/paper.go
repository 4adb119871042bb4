package letters

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"time"

	"prasan/internal/blob"
	"prasan/internal/db"
	"prasan/internal/errs"
	"prasan/internal/policy"
	"prasan/internal/thai"
)

// Paper is a letter that was signed by hand on paper, as the registrar takes it down: its
// scan is its file.
type Paper struct {
	Writing
	Secrecy  Secrecy
	Signer   string
	Position string
	Dated    time.Time // as the letter says; today where it is zero
	Reserved int64     // the number that it bears, where it was set aside
	Name     string    // of the scan
	Scan     io.Reader // PDF, JPEG or PNG
}

// FileTypes are the kinds of file that a letter can be, with the ends of their names.
var FileTypes = map[string]string{"application/pdf": ".pdf", "image/jpeg": ".jpg", "image/png": ".png", "image/tiff": ".tif"}

// RegisterPaper enters a letter that was signed on paper into the register of letters out:
// it gets its number there, and its scan is stored. From then on it goes like any other.
func (s *Service) RegisterPaper(ctx context.Context, a policy.Actor, p Paper) (Letter, error) {
	if p.Agency == "" {
		p.Agency = a.Agency
	}
	if !policy.May(a, "letter.number", p.Agency) {
		return Letter{}, errs.New(errs.Forbidden, "error.forbidden")
	}
	if err := s.cleanPaper(&p); err != nil {
		return Letter{}, err
	}
	scan, err := blob.Read(p.Name, p.Scan, blob.ScanTypes...)
	if err != nil {
		return Letter{}, err
	}
	sum := sha256.Sum256(scan.Data)
	l := Letter{ID: db.NewID(), Agency: p.Agency, Kind: p.Kind, State: Sealed, Series: p.Series, Secrecy: p.Secrecy, Urgency: p.Urgency, To: p.To, ToName: p.ToName, Subject: p.Subject, DraftedBy: a.Account, ClassifiedBy: a.Account, VerifyCode: rand.Text(),
		Signer: Signer{Name: p.Signer, Capacity: onPaper, Lines: []string{p.Position}}, FileHash: hex.EncodeToString(sum[:]), FileType: scan.Type, Paper: true}
	if l.Secrecy != NoSecrecy {
		if _, err := s.mayClassify(a, &l); err != nil {
			return Letter{}, err
		}
	}
	subject, err := s.Vault.NewSubject(ctx, s.Now())
	if err != nil {
		return Letter{}, err
	}
	l.subjectKey = subject.ID
	if l.content, err = sealContent(subject, l.ID, &p.Content); err != nil {
		return Letter{}, err
	}
	if l.ContentHash, err = l.hash(&p.Content); err != nil {
		return Letter{}, err
	}
	file := subject.Seal(place(l.ID, "file"), scan.Data)
	if err := s.Vault.Keep(ctx, subject); err != nil {
		return Letter{}, err
	}
	var done Letter
	err = s.DB.InTx(ctx, func(tx *db.Tx) error {
		done = l // the transaction may run again
		return s.putPaper(tx, a, &done, file, p.Reserved, p.Dated)
	})
	return done, err
}

// onPaper is the capacity of a signer whose signature is on paper.
const onPaper = "paper"

func (s *Service) putPaper(tx *db.Tx, a policy.Actor, l *Letter, file []byte, reserved int64, dated time.Time) error {
	l.CreatedAt, l.Version, l.destroyAt = tx.Now(), 1, s.dueAt(tx.Now())
	if err := insert(tx, l); err != nil {
		return err
	}
	agency, _ := s.Agencies.Get(l.Agency)
	if agency.Letters == "" {
		return errs.New(errs.Conflict, "error.letter-prefix")
	}
	var err error
	if reserved > 0 {
		l.Number, err = reserved, takeReserved(tx, l, reserved, a.Account)
	} else {
		l.Number, err = Take(tx, l.Agency, Out, l.series(), l.ID, a.Account)
	}
	if err != nil {
		return err
	}
	l.NumberText, l.NumberedAt, l.SealedAt = numberText(agency.Letters, l.Series, l.Number), tx.Now(), tx.Now()
	if !dated.IsZero() {
		l.NumberedAt = dated
	}
	if err := update(tx, l); err != nil {
		return err
	}
	if _, err := tx.Exec(`UPDATE letters SET file = $1, file_type = $2, paper = TRUE WHERE id = $3`, file, l.FileType, l.ID); err != nil {
		return err
	}
	return s.record(tx, a, "paper", l, map[string]string{"to": l.ToName, "number": l.NumberText, "signer": l.Signer.Name, "sha256": l.FileHash})
}

// cleanPaper checks what is taken down of a letter on paper. Its text is on its scan.
func (s *Service) cleanPaper(p *Paper) error {
	const text = "(หนังสือลงนามบนกระดาษ ข้อความอยู่ในไฟล์สแกน)"
	p.About, p.Content.Paragraphs = "", []string{text}
	if p.Secrecy == "" {
		p.Secrecy = NoSecrecy
	}
	err := s.complete(&p.Writing)
	if err != nil && errs.KindOf(err) != errs.Invalid {
		return err
	}
	var bad []errs.Field
	if err != nil {
		bad = errs.As(err).Fields
	}
	for _, f := range []struct {
		name string
		text *string
	}{{"signer", &p.Signer}, {"position", &p.Position}} {
		clean, err := thai.CleanText(*f.text, maxLine)
		if err != nil || clean == "" {
			bad = append(bad, errs.Field{Name: f.name, Key: "error.required"})
		}
		*f.text = clean
	}
	if p.Secrecy.Level() < 0 {
		bad = append(bad, errs.Field{Name: "secrecy", Key: "error.letter-secrecy"})
	}
	// Its number is of the year that runs, and so is its date.
	if now := s.Now(); !p.Dated.IsZero() && (p.Dated.After(now) || Year(p.Dated) != Year(now)) {
		bad = append(bad, errs.Field{Name: "dated", Key: "error.letter-dated"})
	}
	if p.Scan == nil {
		bad = append(bad, errs.Field{Name: "attachment", Key: "error.required"})
	}
	return errs.InvalidFields(bad)
}
