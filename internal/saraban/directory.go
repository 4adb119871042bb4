package saraban

import (
	"context"
	"encoding/json"
	"slices"

	"prasan/internal/audit"
	"prasan/internal/db"
	"prasan/internal/errs"
	"prasan/internal/letters"
	"prasan/internal/org"
	"prasan/internal/policy"
	"prasan/internal/thai"
)

// Channel is a way by which letters go.
type Channel string

const (
	Local Channel = "local" // an agency of the same installation
	ECMS  Channel = "ecms"
	Email Channel = "email" // the central mailbox, saraban@
	File  Channel = "file"  // a signed package, carried
	Paper Channel = "paper"
)

// Channels lists the channels, best first.
var Channels = []Channel{Local, ECMS, Email, File, Paper}

// Via is what the record calls a channel (row 16).
func (c Channel) Via() string {
	if c == Local || c == ECMS {
		return "e-saraban"
	}
	return string(c)
}

// Rule is the highest class of secrecy that a channel takes to an agency.
type Rule struct {
	Channel Channel         `json:"channel"`
	Max     letters.Secrecy `json:"max"`
}

// Entry is an agency in the directory: what it is for and how letters reach it.
type Entry struct {
	Code     string   `json:"code"`
	Subjects []string `json:"subjects"` // words by which its matters are known
	Mailbox  string   `json:"mailbox"`
	ECMS     string   `json:"ecms"`
	Contact  string   `json:"contact"` // position or name of the person to speak to
	Phone    string   `json:"phone"`
	Rules    []Rule   `json:"rules"`
}

// defaults are the classes that each channel takes unless the directory says otherwise:
// e-mail and a node of e-CMS letters without a class only, and the highest class goes on
// paper alone (ระเบียบงานสารบรรณ ฉบับที่ 4, clause 29).
var defaults = []Rule{{Local, letters.Secret}, {ECMS, letters.NoSecrecy}, {Email, letters.NoSecrecy}, {File, letters.NoSecrecy}, {Paper, letters.TopSecret}}

// subjects are the matters of the ministry's departments as their names say them; what
// a body adds stands in the directory.
var subjects = map[string][]string{
	"diw":    {"โรงงาน", "กลิ่น", "เสียงดัง", "น้ำเสีย", "กากอุตสาหกรรม", "วัตถุอันตราย", "มลพิษ", "ควัน", "ฝุ่น", "factory", "smell", "waste"},
	"diprom": {"ส่งเสริม", "ผู้ประกอบการ", "สินเชื่อ", "อบรม", "วิสาหกิจ", "SME", "OTOP", "loan", "training"},
	"dpim":   {"เหมือง", "แร่", "ประทานบัตร", "โรงโม่", "ระเบิดหิน", "mine", "quarry"},
	"tisi":   {"มาตรฐาน", "มอก", "คุณภาพสินค้า", "เครื่องหมาย", "สินค้าไม่ได้มาตรฐาน", "standard"},
	"ocsb":   {"อ้อย", "น้ำตาล", "ชาวไร่", "เผาอ้อย", "sugar", "cane"},
	"oie":    {"ดัชนี", "เศรษฐกิจอุตสาหกรรม", "สถิติ", "ภาษี", "statistics"},
}

// Entry returns an agency's entry: the stored one, else what follows from the agency.
func (s *Service) Entry(tx *db.Tx, code string) (Entry, error) {
	agency, ok := s.Agencies.Get(code)
	if !ok {
		return Entry{}, errs.New(errs.NotFound, "error.agency-unknown")
	}
	e := Entry{Code: code, Subjects: subjects[code], Mailbox: agency.Email, ECMS: agency.ECMS, Contact: agency.Head.TH, Phone: agency.Phone}
	var body string
	err := tx.QueryRow(`SELECT body FROM directory WHERE code = $1`, []any{code}, &body)
	if err == nil {
		err = json.Unmarshal([]byte(body), &e)
	} else if errs.KindOf(err) == errs.NotFound {
		err = nil
	}
	if len(e.Rules) == 0 {
		e.Rules = defaults
	}
	return e, err
}

// PutEntry changes an agency's entry.
func (s *Service) PutEntry(ctx context.Context, a policy.Actor, e Entry) error {
	if !policy.May(a, "site.admin", e.Code) && !policy.May(a, "letter.dispatch", e.Code) {
		return errs.New(errs.Forbidden, "error.forbidden")
	}
	if _, ok := s.Agencies.Get(e.Code); !ok {
		return errs.InvalidField("code", "error.agency-unknown")
	}
	for _, r := range e.Rules {
		if !slices.Contains(Channels, r.Channel) || r.Max.Level() < 0 || r.Max == letters.TopSecret && r.Channel != Paper {
			return errs.InvalidField("rules", "error.channel-rule")
		}
	}
	if e.Mailbox != "" {
		clean, err := thai.CleanEmail(e.Mailbox)
		if err != nil {
			return errs.InvalidField("mailbox", "error.email")
		}
		e.Mailbox = clean
	}
	body, err := json.Marshal(e)
	if err != nil {
		return err
	}
	return s.DB.InTx(ctx, func(tx *db.Tx) error {
		if _, err := tx.Exec(`INSERT INTO directory (code, body) VALUES ($1, $2) ON CONFLICT (code) DO UPDATE SET body = excluded.body`, e.Code, string(body)); err != nil {
			return err
		}
		return s.Audit.Append(tx, audit.Event{Actor: a.Account, Action: "directory.put", Object: "agency:" + e.Code, Body: e})
	})
}

// Open lists the channels by which a letter of a class can go to an agency now, best first.
func (s *Service) Open(tx *db.Tx, from, to string, class letters.Secrecy) ([]Channel, error) {
	e, err := s.Entry(tx, to)
	if err != nil {
		return nil, err
	}
	here, err := s.lives(tx, to)
	if err != nil {
		return nil, err
	}
	sender, _ := s.Agencies.Get(from)
	can := map[Channel]bool{Local: here, ECMS: e.ECMS != "" && s.exchangeOf(sender.ECMS) != nil, Email: e.Mailbox != "", File: true, Paper: true}
	var out []Channel
	for _, c := range Channels {
		i := slices.IndexFunc(e.Rules, func(r Rule) bool { return r.Channel == c })
		if i >= 0 && can[c] && class.Level() <= e.Rules[i].Max.Level() && (class != letters.TopSecret || c == Paper) {
			out = append(out, c)
		}
	}
	return out, nil
}

// lives tells whether an agency works on this installation: somebody of it can sign in
// who receives letters.
func (s *Service) lives(tx *db.Tx, agency string) (bool, error) {
	var n int
	err := tx.QueryRow(`SELECT COUNT(*) FROM accounts WHERE agency = $1 AND disabled = FALSE AND (roles LIKE '%"registrar"%' OR roles LIKE '%"head"%')`, []any{agency}, &n)
	return n > 0, err
}

// Directory lists the entries of all agencies.
func (s *Service) Directory(ctx context.Context) (out []Entry, err error) {
	all := s.Agencies.All()
	err = s.DB.Read(ctx, func(tx *db.Tx) error {
		out = nil
		for _, a := range all {
			e, err := s.Entry(tx, a.Code)
			if err != nil {
				return err
			}
			out = append(out, e)
		}
		return nil
	})
	return out, err
}

// byECMS finds an agency by its e-CMS organisation id.
func (s *Service) byECMS(id string) (org.Agency, bool) {
	for _, a := range s.Agencies.All() {
		if a.ECMS == id && id != "" {
			return a, true
		}
	}
	return org.Agency{}, false
}
