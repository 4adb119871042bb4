package evidence

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"database/sql"
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"

	"prasan/internal/audit"
	"prasan/internal/db"
	"prasan/internal/errs"
	"prasan/internal/policy"
)

// Action of policy's table that making a package needs.
const Action = "evidence.make"

// Actions in the audit.
const (
	actBegin = "evidence.begin"
	actMake  = "evidence.make"
)

// Scope is what a package is about. To is the first moment that is not in it.
type Scope struct {
	Agency   string // "" is all
	From, To time.Time
	covers   func(agency string) bool
}

// Covers tells whether what an agency did belongs to the package.
func (s Scope) Covers(agency string) bool { return s.covers == nil || s.covers(agency) }

// In tells whether a moment lies in the period.
func (s Scope) In(t time.Time) bool { return !t.Before(s.From) && t.Before(s.To) }

// Put adds a file to a package.
type Put func(name string, body []byte) error

// Part is a chapter of every package; features add theirs.
type Part struct {
	ID      string
	Collect func(ctx context.Context, s Scope, put Put) error
}

// Deps are the parts a Service works with.
type Deps struct {
	DB           *db.DB
	Audit        *audit.Log
	Signer       note.Signer
	AuditKey     string // with which Signer's notes are verified
	Key          ed25519.PrivateKey
	Register     func() []InForce
	Within       func(agency, ancestor string) bool
	Agency       func(code string) bool // whether there is such an agency
	Installation string
	Program      string
}

// Service makes packages.
type Service struct {
	Deps
	parts []Part
}

// New returns a service with the chapters that need nothing but the store.
func New(d Deps) *Service {
	s := &Service{Deps: d}
	s.parts = []Part{{"register", s.register}, {"disclosures", s.disclosures}, {"refusals", s.refusals}, {"rights", s.rights}, {"end-of-life", s.endOfLife}, {"breaches", s.breaches}, {"notices", s.notices}, {"orders", s.orders}, {"exceptions", s.exceptions}}
	return s
}

// Add adds chapters.
func (s *Service) Add(p ...Part) { s.parts = append(s.parts, p...) }

// PublicKey is what an inspector compares with the key in a package.
func (s *Service) PublicKey() string {
	return hex.EncodeToString(s.Key.Public().(ed25519.PublicKey))
}

// Package is one that was made; the file itself is not kept.
type Package struct {
	ID      string    `json:"id"`
	Agency  string    `json:"agency"`
	From    time.Time `json:"from"`
	To      time.Time `json:"to"`
	MadeBy  string    `json:"made_by"`
	MadeAt  time.Time `json:"made_at"`
	Entries int       `json:"entries"`
	Size    int64     `json:"size"`
	SHA256  string    `json:"sha256"`
}

// FileName is how the file of a package is called.
func (p Package) FileName() string {
	who := p.Agency
	if who == "" {
		who = "all"
	}
	return "prasan-evidence-" + who + "-" + p.From.UTC().Format("20060102") + "-" + p.To.UTC().Format("20060102") + ".zip"
}

const maxPeriod = 10 * 366 * 24 * time.Hour

// check refuses a period that is none and an agency that the actor does not reach.
func (s *Service) check(by policy.Actor, scope *Scope) error {
	all, own := policy.Reach(by, Action)
	if !all && own == "" || scope.Agency == "" && !all || scope.Agency != "" && !policy.May(by, Action, scope.Agency) {
		return errs.New(errs.Forbidden, "error.forbidden")
	}
	var bad []errs.Field
	if scope.Agency != "" && !s.Agency(scope.Agency) {
		bad = append(bad, errs.Field{Name: "agency", Key: "error.agency-unknown"})
	}
	if scope.From.IsZero() || !scope.To.After(scope.From) || scope.To.Sub(scope.From) > maxPeriod {
		bad = append(bad, errs.Field{Name: "to", Key: "evidence.error-period"})
	}
	if agency := scope.Agency; agency != "" {
		scope.covers = func(code string) bool { return s.Within(code, agency) }
	}
	return errs.InvalidFields(bad)
}

// Make makes a package and writes down that it was made, by whom and with what digest.
// The line of its beginning is in it, proven like the others.
func (s *Service) Make(ctx context.Context, by policy.Actor, scope Scope) (Package, []byte, error) {
	if err := s.check(by, &scope); err != nil {
		return Package{}, nil, err
	}
	p := Package{ID: db.NewID(), Agency: scope.Agency, From: scope.From, To: scope.To, MadeBy: by.Account}
	err := s.DB.InTx(ctx, func(tx *db.Tx) error {
		p.MadeAt = tx.Now()
		if err := s.Audit.Append(tx, audit.Event{Actor: by.Account, Action: actBegin, Object: "evidence:" + p.ID, Body: map[string]any{"id": p.ID, "agency": p.Agency, "from": p.From, "to": p.To}}); err != nil {
			return err
		}
		_, err := audit.Checkpoint(tx, s.Signer)
		return err
	})
	if err != nil {
		return p, nil, err
	}
	file, entries, err := s.build(ctx, p, scope)
	if err != nil {
		return p, nil, err
	}
	sum := sha256.Sum256(file)
	p.Entries, p.Size, p.SHA256 = entries, int64(len(file)), hex.EncodeToString(sum[:])
	return p, file, s.DB.InTx(ctx, func(tx *db.Tx) error {
		if _, err := tx.Exec(`INSERT INTO evidence_packages (id, agency, from_at, to_at, made_by, made_at, entries, size, sha256) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
			p.ID, p.Agency, db.Micros(p.From), db.Micros(p.To), p.MadeBy, db.Micros(p.MadeAt), p.Entries, p.Size, p.SHA256); err != nil {
			return err
		}
		return s.Audit.Append(tx, audit.Event{Actor: by.Account, Action: actMake, Object: "evidence:" + p.ID, Body: map[string]any{"id": p.ID, "sha256": p.SHA256, "size": p.Size, "entries": p.Entries}})
	})
}

// proven is how many lines of the audit come with their proof; each takes a kilobyte.
const proven = 5000

// unproven are areas of the audit that stay out: they speak of single cases and people.
var unproven = []string{"data", "case", "letter", "mail", "consent", "incoming", "ecms", "dispatch", "usage", "referral", "followup", "inbox", "hold"}

func (s *Service) build(ctx context.Context, p Package, scope Scope) ([]byte, int, error) {
	w := newWriter(p.MadeAt)
	m := Manifest{ID: p.ID, Installation: s.Installation, Program: s.Program, Agency: p.Agency, From: p.From, To: p.To, MadeAt: p.MadeAt, MadeBy: p.MadeBy, Register: s.Register(), AuditKey: s.AuditKey,
		Omitted: []Omission{{"messages, names and addresses of those who wrote", "the law asks what was done, not whose data it was; an inspector who needs a case asks for it by its letter"}}}
	if err := w.put("README.txt", []byte(strings.ReplaceAll(readme, "{key}", s.PublicKey()))); err != nil {
		return nil, 0, err
	}
	for _, part := range s.parts {
		if err := part.Collect(ctx, scope, w.put); err != nil {
			return nil, 0, err
		}
	}
	var proof audit.Proof
	// The package's own beginning lies after the period: what is proven goes on to now.
	until := scope.To
	if !until.After(p.MadeAt) {
		until = p.MadeAt.Add(time.Microsecond)
	}
	err := s.DB.Read(ctx, func(tx *db.Tx) (err error) {
		proof, err = audit.Prove(tx, s.Signer, audit.ProofScope{From: scope.From, To: until, Skip: unproven, Limit: proven})
		return err
	})
	if err != nil {
		return nil, 0, err
	}
	if proof.LeftOut > 0 {
		m.Omitted = append(m.Omitted, Omission{"older lines of the audit", "only the newest are proven one by one; the signed trees cover all"})
	}
	text, err := json.Marshal(proof)
	if err != nil {
		return nil, 0, err
	}
	if err := w.put(proofName, text); err != nil {
		return nil, 0, err
	}
	file, err := w.seal(m, s.Key)
	return file, len(w.entries), err
}

// List names the packages that were made, newest first.
func (s *Service) List(ctx context.Context, by policy.Actor) ([]Package, error) {
	all, own := policy.Reach(by, Action)
	if !all && own == "" {
		return nil, errs.New(errs.Forbidden, "error.forbidden")
	}
	out := []Package{}
	err := s.DB.Read(ctx, func(tx *db.Tx) error {
		out = out[:0]
		return tx.Each(`SELECT id, agency, from_at, to_at, made_by, made_at, entries, size, sha256 FROM evidence_packages ORDER BY id DESC LIMIT 200`, nil, func(rows *sql.Rows) error {
			var p Package
			var from, to, at int64
			if err := rows.Scan(&p.ID, &p.Agency, &from, &to, &p.MadeBy, &at, &p.Entries, &p.Size, &p.SHA256); err != nil {
				return err
			}
			p.From, p.To, p.MadeAt = db.Time(from), db.Time(to), db.Time(at)
			if all || policy.May(by, Action, p.Agency) {
				out = append(out, p)
			}
			return nil
		})
	})
	return out, err
}

// JSON puts a value as a file.
func (put Put) JSON(name string, v any) error {
	text, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	return put(name, append(text, '\n'))
}

// Table puts rows as CSV that a spreadsheet opens in Thai; what would be a formula there
// is text.
func (put Put) Table(name string, head []string, rows [][]string) error {
	var out bytes.Buffer
	out.WriteString("\ufeff")
	w := csv.NewWriter(&out)
	for _, row := range append([][]string{head}, rows...) {
		safe := make([]string, len(row))
		for i, cell := range row {
			if safe[i] = cell; cell != "" && strings.ContainsRune("=+-@\t\r", rune(cell[0])) {
				safe[i] = "'" + cell
			}
		}
		if err := w.Write(safe); err != nil {
			return err
		}
	}
	w.Flush()
	if err := w.Error(); err != nil {
		return err
	}
	return put(name, out.Bytes())
}

const readme = `ชุดหลักฐานการคุ้มครองข้อมูลส่วนบุคคล
====================================

ไฟล์นี้ระบบจัดทำตามพระราชบัญญัติคุ้มครองข้อมูลส่วนบุคคล พ.ศ. 2562 มาตรา 39 และมาตรา 37 ประกอบด้วย
  register/       บันทึกรายการทุกฉบับตามข้อความจริง และสายโซ่ของฉบับ (chain.json)
  disclosures.csv การเปิดเผยข้อมูลตามมาตรา 27 วรรคสาม (มาตรา 39 (6))
  refusals.csv    การปฏิเสธคำขอหรือการคัดค้าน (มาตรา 39 (7))
  rights.csv      คำขอใช้สิทธิทั้งหมดในช่วงเวลา
  truth/          รายงานความตรงกับความจริงของแต่ละแถวในแบบ
  notices/        คำประกาศทุกฉบับตามที่เผยแพร่
  audit/          หลักฐานจากบันทึกการใช้งานที่แก้ไขย้อนหลังไม่ได้
  access/         ผู้เข้าถึงข้อมูล และการรับรองสิทธิ
  orders/         คำสั่งมอบหมาย และผู้รักษาราชการแทน
  library/        นโยบาย ข้อตกลง และการอบรม พร้อมเอกสาร
  end-of-life/    การตรวจติดตาม รอบการทำลาย และใบรับรองการทำลาย
  manifest.json   รายการไฟล์ทั้งหมดพร้อมค่า SHA-256

ตรวจสอบได้โดยไม่ต้องต่อกับระบบ:  prasan verify FILE
โปรดเทียบกุญแจสาธารณะกับที่หน่วยงานประกาศไว้: {key}

Evidence of the protection of personal data
===========================================

Made by the program under the PDPA B.E. 2562, sections 37 and 39. Check it without the
installation: prasan verify FILE. Compare the public key with the one that the agency
has published: {key}

It holds no data of the people whose cases there are.
`
