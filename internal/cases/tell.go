package cases

import (
	"context"
	"database/sql"
	"encoding/json"

	"prasan/internal/db"
	"prasan/internal/mail"
	"prasan/internal/policy"
	"prasan/internal/processing"
	"prasan/internal/vault"
)

// Tell mails a notice to the senders of cases, by the keys of their data; it returns
// how many have given an address. The address is opened by the program itself, which
// sends it, and that is logged like any sending.
func (s *Service) Tell(ctx context.Context, _ policy.Actor, subjects []string, text string) (told int, err error) {
	for len(subjects) > 0 {
		page := subjects[:min(len(subjects), 100)]
		subjects = subjects[len(page):]
		list, err := s.bySubjects(ctx, page)
		if err != nil {
			return told, err
		}
		n, err := s.tellPage(ctx, list, text)
		if err != nil {
			return told, err
		}
		told += n
	}
	return told, nil
}

func (s *Service) bySubjects(ctx context.Context, subjects []string) ([]Case, error) {
	var out []Case
	in, args := db.In(subjects)
	err := s.DB.Read(ctx, func(tx *db.Tx) error {
		out = nil
		return tx.Each(`SELECT `+caseColumns+` FROM cases WHERE subject_key IN (`+in+`)`, args, func(rows *sql.Rows) error {
			c, err := scanCase(rows.Scan)
			out = append(out, c)
			return err
		})
	})
	return out, err
}

func (s *Service) tellPage(ctx context.Context, list []Case, text string) (int, error) {
	var reached []Case
	var items []vault.Sealed
	for i := range list {
		if sealed, ok := list[i].sealedSender("email"); ok {
			reached, items = append(reached, list[i]), append(items, sealed)
		}
	}
	if len(items) == 0 {
		return 0, nil
	}
	plain, err := s.Processing.Send(ctx, processing.Request{Activity: Activity, Purpose: "communicate", Items: items, Detail: "notice"})
	if err != nil {
		return 0, err
	}
	body, err := json.Marshal(mail.Body{Text: text})
	if err != nil {
		return 0, err
	}
	letters := make([]mail.Message, len(reached))
	for i := range reached {
		subject, err := s.Vault.Subject(ctx, reached[i].SubjectKey)
		if err != nil {
			return 0, err
		}
		letters[i] = s.letter(&reached[i], subject, "notice", string(plain[i]), body)
	}
	err = s.DB.InTx(ctx, func(tx *db.Tx) error {
		for _, m := range letters {
			if err := s.Mail.Queue(tx, m); err != nil {
				return err
			}
		}
		return nil
	})
	return len(letters), err
}
