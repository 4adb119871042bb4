package rights

import (
	"archive/zip"
	"context"
	"crypto/hmac"
	_ "embed"
	"encoding/json"
	"fmt"
	"html/template"
	"io"
	"path"
	"slices"
	"strings"
	"time"

	"prasan/internal/db"
	"prasan/internal/errs"
	"prasan/internal/letters"
	"prasan/internal/processing"
	"prasan/internal/thai"
)

// Attempts at a request's page within their windows; one address, and one request.
const (
	findsByAddr      = 30
	findsByReference = 20
)

// Find is a request for the person who has its code; an unknown reference and a wrong
// code give the same answer after the same work.
func (s *Service) Find(ctx context.Context, reference, code, addr string) (Request, []Event, error) {
	allowed := true
	err := s.DB.InTx(ctx, func(tx *db.Tx) (err error) {
		allowed, err = s.Limits.Allow(tx, "rights-find", addr, findsByAddr, 15*time.Minute)
		if err == nil && allowed {
			allowed, err = s.Limits.Allow(tx, "rights-find-ref", reference, findsByReference, time.Hour)
		}
		return err
	})
	if err == nil && !allowed {
		err = errs.New(errs.TooMany, "error.too-many")
	}
	if err != nil {
		return Request{}, nil, err
	}
	return s.byCode(ctx, reference, code)
}

// Again is a request for who has been let in before and holds the sealed address.
func (s *Service) Again(ctx context.Context, reference, code string) (Request, []Event, error) {
	return s.byCode(ctx, reference, code)
}

func (s *Service) byCode(ctx context.Context, reference, code string) (r Request, list []Event, err error) {
	want := make([]byte, 32)
	err = s.DB.Read(ctx, func(tx *db.Tx) error {
		err := tx.QueryRow(`SELECT tracking_hash FROM rights_requests WHERE reference = $1`, []any{reference}, &want)
		if err != nil && errs.KindOf(err) != errs.NotFound {
			return err
		}
		if !hmac.Equal(want, s.hash(code)) {
			return errs.New(errs.NotFound, "error.case-not-found")
		}
		if r, err = one(tx, `reference = $1`, reference); err != nil {
			return err
		}
		list, err = events(tx, r.ID, true)
		return err
	})
	return r, list, err
}

// Withdraw takes a request back, by the person who made it. What it had set apart may be
// used again.
func (s *Service) Withdraw(ctx context.Context, reference, code string) (Request, error) {
	if _, _, err := s.byCode(ctx, reference, code); err != nil {
		return Request{}, err
	}
	var done Request
	err := s.DB.InTx(ctx, func(tx *db.Tx) error {
		r, err := one(tx, `reference = $1`+tx.ForUpdate(), reference)
		if err != nil {
			return err
		}
		t, err := transition(&r, "withdraw")
		if err != nil {
			return err
		}
		r.State = t.To
		if err := release(tx, &r); err != nil {
			return err
		}
		if err := update(tx, &r); err != nil {
			return err
		}
		done = r
		return s.note(tx, &r, "person", "withdraw", true, nil)
	})
	return done, err
}

// AnswerLetter is the sealed letter with which a request was answered, for its owner.
func (s *Service) AnswerLetter(ctx context.Context, reference, code string) (letters.Letter, []byte, error) {
	r, _, err := s.byCode(ctx, reference, code)
	if err != nil {
		return letters.Letter{}, nil, err
	}
	if r.LetterID == "" || r.AnsweredAt.IsZero() {
		return letters.Letter{}, nil, errs.New(errs.NotFound, "error.not-found")
	}
	return s.Letters.File(ctx, r.LetterID, "rights")
}

// Copy is a copy of a person's data that is ready to be written; it is kept nowhere.
type Copy struct {
	s *Service
	r Request
}

// HasCopy tells whether there is a copy to be handed out.
func HasCopy(r Request) bool {
	return (r.Outcome == Granted || r.Outcome == Partly) && slices.Contains([]string{Access, Source, Portability}, r.Right)
}

// Bundle prepares the copy for the person (s.30).
func (s *Service) Bundle(ctx context.Context, reference, code string) (Copy, error) {
	r, _, err := s.byCode(ctx, reference, code)
	if err != nil {
		return Copy{}, err
	}
	if !HasCopy(r) {
		return Copy{}, errs.New(errs.Conflict, "error.rights-bundle")
	}
	return Copy{s, r}, s.DB.InTx(ctx, func(tx *db.Tx) error {
		line := processing.Line{Activity: r.Activity, Revision: r.RevisionID, Act: "export", Actor: "person", Ground: "s.30", Purpose: "rights", Subjects: r.subjects(), Elements: []string{"*"}, Detail: r.Reference}
		if err := s.Processing.Record(tx, line); err != nil {
			return err
		}
		return s.note(tx, &r, "person", "copy", true, nil)
	})
}

// exported is the copy of one case.
type exported struct {
	Reference string   `json:"case"`
	Data      []any    `json:"data"`
	Files     []string `json:"files,omitempty"` // in the folder of the case
}

// Write writes the copy as a ZIP: what a machine reads, the same for people, the files.
func (c Copy) Write(ctx context.Context, w io.Writer) error {
	z := zip.NewWriter(w)
	var all []exported
	for _, of := range c.r.Cases {
		x, err := c.one(ctx, z, of)
		if errs.KindOf(err) == errs.NotFound { // destroyed meanwhile
			continue
		}
		if err != nil {
			return err
		}
		all = append(all, x)
	}
	text, err := json.MarshalIndent(map[string]any{"reference": c.r.Reference, "right": c.r.Right, "made": c.s.Now().UTC().Format(time.RFC3339), "manifest": c.r.Manifest, "cases": all}, "", "  ")
	if err != nil {
		return err
	}
	for _, f := range []struct {
		name string
		make func(w io.Writer) error
	}{{"data.json", func(w io.Writer) error { _, err := w.Write(text); return err }}, {"ข้อมูลของท่าน-your-data.html", func(w io.Writer) error { return c.page(w, text) }}} {
		out, err := z.Create(f.name)
		if err != nil {
			return err
		}
		if err := f.make(out); err != nil {
			return err
		}
	}
	return z.Close()
}

func (c Copy) one(ctx context.Context, z *zip.Writer, of Case) (exported, error) {
	out := exported{Reference: of.Reference}
	for _, h := range append([]Holder{c.s.Data}, c.s.Holders...) {
		x, err := h.Export(ctx, of.id)
		if err != nil {
			return out, err
		}
		out.Data = append(out.Data, x)
	}
	err := c.s.Data.Files(ctx, of.id, func(name string, body io.Reader) error {
		name = fmt.Sprintf("%s/%02d-%s", of.Reference, len(out.Files)+1, plainName(name))
		out.Files = append(out.Files, name)
		w, err := z.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Store}) // pictures do not get smaller
		if err != nil {
			return err
		}
		_, err = io.Copy(w, body)
		return err
	})
	return out, err
}

// plainName keeps a file's name from leaving its folder.
func plainName(name string) string {
	name = path.Base(strings.ReplaceAll(name, "\\", "/"))
	if name == "." || name == "/" || name == ".." {
		return "file"
	}
	return name
}

//go:embed copy.html
var copyText string

var copyPage = template.Must(template.New("copy").Parse(copyText))

// section is a part of the readable copy: names and values, nested.
type section struct {
	Name  string
	Value string
	Parts []section
}

func (c Copy) page(w io.Writer, text []byte) error {
	var all struct {
		Cases []struct {
			Reference string `json:"case"`
			Data      []any  `json:"data"`
			Files     []string
		} `json:"cases"`
	}
	if err := json.Unmarshal(text, &all); err != nil {
		return err
	}
	var parts []section
	for _, x := range all.Cases {
		s := section{Name: x.Reference}
		for _, d := range x.Data {
			s.Parts = append(s.Parts, readable("", d).Parts...)
		}
		parts = append(parts, s)
	}
	return copyPage.Execute(w, map[string]any{"Reference": c.r.Reference, "Made": thai.DateTime(c.s.Now(), "th"), "Manifest": c.r.Manifest, "Parts": parts})
}

// names are the words for what a copy has; others stay as machines call them.
var names = map[string]string{"reference": "เลขที่เรื่อง", "site": "เว็บไซต์", "topic": "ประเภทเรื่อง", "state": "สถานะ", "received_at": "รับเมื่อ", "notice": "คำประกาศเกี่ยวกับความเป็นส่วนตัว", "revision": "ฉบับของบันทึกรายการ", "sender": "ผู้ติดต่อ", "message": "ข้อความ", "events": "ความเคลื่อนไหว", "attachments": "ไฟล์แนบ",
	"processing": "ผู้ใช้ข้อมูล", "at": "เมื่อ", "kind": "การดำเนินการ", "text": "ข้อความ", "act": "การกระทำ", "purpose": "วัตถุประสงค์", "ground": "ฐาน", "elements": "ข้อมูล", "given_name": "ชื่อ", "family_name": "นามสกุล", "mobile_phone": "เบอร์โทรศัพท์", "email": "อีเมล"}

func readable(name string, v any) section {
	s := section{Name: name}
	if word := names[name]; word != "" {
		s.Name = word
	}
	switch x := v.(type) {
	case map[string]any:
		keys := make([]string, 0, len(x))
		for k := range x {
			keys = append(keys, k)
		}
		slices.Sort(keys)
		for _, k := range keys {
			if x[k] != nil && x[k] != "" {
				s.Parts = append(s.Parts, readable(k, x[k]))
			}
		}
	case []any:
		for i, e := range x {
			s.Parts = append(s.Parts, readable(fmt.Sprint(i+1), e))
		}
	default:
		s.Value = fmt.Sprint(x)
	}
	return s
}

// Mine lists what a person's request came from; for the office's page.
func (r Request) Mine() (references []string) {
	for _, c := range r.Cases {
		references = append(references, c.Reference)
	}
	return references
}
