package inbox

import (
	"bytes"
	"context"
	"path"
	"regexp"
	"strings"
	"unicode/utf8"

	"prasan/internal/db"
	"prasan/internal/letters"
	"prasan/internal/saraban"
	"prasan/internal/saraban/ecms"
	"prasan/internal/thai"
)

// machineReadable finds what a mail carries for machines: a letter, or a notice about one.
func machineReadable(m *Mail) (*ecms.Letter, *ecms.Notice) {
	for _, f := range m.Files {
		if name := path.Base(f.Name); name != saraban.LetterXML && name != saraban.NoticeXML {
			continue
		}
		l, n, err := ecms.ReadDocument(f.Data)
		if err == nil {
			return l, n
		}
	}
	return nil, nil
}

var receiptWords = regexp.MustCompile(`(?i)(?:เลขที่รับ|เลขรับ(?:ที่|หนังสือ)?|receive(?:d)? number|receipt number)\s*[:：]?\s*([0-9๐-๙]+(?:\s*/\s*[0-9๐-๙]+)?)`)

// shortNote is how long a mail is that says only with which number a letter was received.
const shortNote = 250

// receiptIn is the receive number that a registry tells in a short mail, as letters ask for
// it; a mail that says more is an answer.
func receiptIn(text string) string {
	text, _, _ = strings.Cut(text, "\n-- \n")
	if utf8.RuneCountInString(text) > shortNote {
		return ""
	}
	found := receiptWords.FindStringSubmatch(text)
	if found == nil {
		return ""
	}
	return strings.Join(strings.Fields(thai.ArabicDigits(found[1])), "")
}

// told is what a mail says of a letter of ours, if it says no more than that.
func told(m *Mail) *ecms.Notice {
	if _, n := machineReadable(m); n != nil {
		return n
	}
	if number := receiptIn(Fresh(m.Text)); number != "" && len(m.Files) == 0 {
		return &ecms.Notice{Kind: ecms.Accept, AcceptID: number}
	}
	return nil
}

// enter takes a letter that a mail carries for machines into the register of what arrived.
func (s *Service) enter(ctx context.Context, x *sorting) error {
	l := x.facts.Letter
	var files []saraban.Attachment
	for _, f := range x.mail.Files {
		if path.Base(f.Name) != saraban.LetterXML && !bytes.Equal(f.Data, l.Main.Data) {
			files = append(files, saraban.Attachment{Name: f.Name, Type: f.Type, Data: f.Data})
		}
	}
	arrival := s.Saraban.LetterOfMail(x.Agency, processPrefix+x.ID, l, files)
	if from, ok := s.Agencies.Get(x.facts.Claims); ok && l.Sender.Department == "" { // it has no id of the exchange
		arrival.From, arrival.FromName = from.Code, from.Name.TH
	}
	if arrival.From != x.facts.Claims || arrival.Secrecy != letters.NoSecrecy {
		x.Why = "agency" // it is from another than the one it names, or may not come by mail
		return s.hold(ctx, x)
	}
	put, err := s.Saraban.ArriveByMail(ctx, arrival)
	if err != nil {
		return err
	}
	return s.DB.InTx(ctx, func(tx *db.Tx) error {
		in, err := put(tx)
		if err != nil {
			return err
		}
		i := x.Item
		i.LetterIn = in.ID
		return s.change(tx, "", "arrive", &i)
	})
}

// hear brings what the agency says of a letter onto its sending.
func (s *Service) hear(ctx context.Context, x *sorting) error {
	n := x.facts.Told
	reason := clean(Fresh(x.mail.Text), shortNote)
	i := x.Item
	action := "ignore"
	if x.facts.Thread.Referral != "" {
		if err := s.ontoReferral(ctx, &i, &x.referral, x.headText, x.rawText); err != nil {
			return err
		}
		action = "answer"
	}
	err := s.DB.InTx(ctx, func(tx *db.Tx) error {
		if err := s.Saraban.HeardByMail(tx, i.Message, n, reason); err != nil {
			return err
		}
		done := i
		return s.change(tx, "", action, &done)
	})
	if err != nil || i.subjectKey == x.subjectKey {
		return err
	}
	return s.Vault.Shred(ctx, x.subjectKey)
}
