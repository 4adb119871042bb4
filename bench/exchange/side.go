package main

import (
	"context"
	"fmt"
	"path/filepath"
	"time"

	"prasan/internal/audit"
	"prasan/internal/db"
	"prasan/internal/db/migrations"
	"prasan/internal/jobs"
	"prasan/internal/letters"
	"prasan/internal/org"
	"prasan/internal/policy"
	"prasan/internal/processing"
	"prasan/internal/ropa"
	"prasan/internal/saraban"
	"prasan/internal/saraban/ecms"
	"prasan/internal/vault"
)

// Organisations of the exchange, invented.
const fromOrg, toOrg = "0800900001", "0800300001"

// ahead is a clock that is a while ahead of the machine's: what failed is tried again at
// once instead of after its pause.
type ahead time.Duration

func (a ahead) Now() time.Time { return time.Now().Add(time.Duration(a)) }

// side is an installation with a registry: all of its services, none of its pages.
type side struct {
	db      *db.DB
	ring    *db.DB
	jobs    *jobs.Queue
	letters *letters.Service
	*saraban.Service
}

type sideOptions struct {
	database string // default SQLite in the folder
	ahead    time.Duration
	serve    bool
	nodes    map[string]ecms.Exchange
	people   []policy.Actor
}

func person(name, agency, role string) policy.Actor {
	return policy.Actor{Account: name, Agency: agency, Roles: []string{role}, IsHead: role == "head", Orders: []policy.Order{{Number: "1", Activity: letters.Activity, Agency: agency}}}
}

var (
	drafter   = person("officer", "rayong", "officer")
	head      = person("head", "rayong", "head")
	registrar = person("registrar", "rayong", "registrar")
	diw       = person("registrar-diw", "diw", "registrar")
)

func open(ctx context.Context, dir string, o sideOptions) (*side, error) {
	if o.database == "" {
		o.database = "sqlite:" + filepath.Join(dir, "prasan.db")
	}
	clock := ahead(o.ahead)
	d, err := db.Open(ctx, o.database, db.Options{Clock: clock})
	if err != nil {
		return nil, err
	}
	if _, err := d.Migrate(ctx, migrations.Files); err != nil {
		return nil, err
	}
	ring, err := db.Open(ctx, "sqlite:"+filepath.Join(dir, "keyring.db"), db.Options{Clock: clock})
	if err != nil {
		return nil, err
	}
	master, err := vault.NewMaster(make([]byte, 32))
	if err != nil {
		return nil, err
	}
	v, minter, err := vault.Open(ctx, ring, master)
	if err != nil {
		return nil, err
	}
	if err := settle(ctx, d, o.people, clock.Now()); err != nil {
		return nil, err
	}
	dirs, err := org.NewDirectory(ctx, d)
	if err != nil {
		return nil, err
	}
	revision, err := ropa.Parse(ropa.SeedText(letters.Activity, 2))
	if err != nil {
		return nil, err
	}
	record, err := policy.Compile(revision)
	if err != nil {
		return nil, err
	}
	record.RevisionID = "bench"
	snapshot := func(string) *policy.Snapshot { return record }
	log, queue := audit.New("bench"), jobs.New(d, clock.Now)
	guard := processing.New(d, v, minter, log, snapshot)
	s := &side{db: d, ring: ring, jobs: queue}
	s.letters = letters.New(letters.Deps{DB: d, Vault: v, Processing: guard, Audit: log, Jobs: queue, Agencies: dirs, Record: snapshot, Now: clock.Now, VerifyURL: func(code string) string { return "https://www.industry.test/th/letter/" + code }})
	s.letters.Register()
	s.Service = saraban.New(saraban.Deps{DB: d, Vault: v, Processing: guard, Audit: log, Jobs: queue, Letters: s.letters, Agencies: dirs, Record: snapshot, Now: clock.Now, Nodes: o.nodes, Serve: o.serve})
	s.Service.Register()
	return s, nil
}

func (s *side) close() {
	s.db.Close()
	s.ring.Close()
}

// settle puts the agencies and the people there, once.
func settle(ctx context.Context, d *db.DB, people []policy.Actor, now time.Time) error {
	return d.InTx(ctx, func(tx *db.Tx) error {
		bodies := org.Bodies("industry.test")
		for i := range bodies {
			if bodies[i].Code == "rayong" {
				bodies[i].ECMS = fromOrg
			}
		}
		if err := org.Put(tx, bodies); err != nil {
			return err
		}
		for _, a := range people {
			if _, err := tx.Exec(`INSERT INTO accounts (name, display_th, display_en, person, email, agency, roles, password_hash, must_change, created_at) VALUES ($1, $2, $3, '', '', $4, $5, '', FALSE, 0) ON CONFLICT DO NOTHING`, a.Account, "นายสมมติ "+a.Account, a.Account, a.Agency, `["`+a.Roles[0]+`"]`); err != nil {
				return err
			}
			if !a.IsHead {
				continue
			}
			var n int
			if err := tx.QueryRow(`SELECT COUNT(*) FROM heads WHERE agency = $1`, []any{a.Agency}, &n); err != nil || n > 0 {
				return err
			}
			if err := org.PutHead(tx, org.Headship{Agency: a.Agency, Account: a.Account, Capacity: "head", From: now.AddDate(-1, 0, 0), To: now.AddDate(5, 0, 0)}); err != nil {
				return err
			}
		}
		return nil
	})
}

// writing is a letter of one page.
func writing() letters.Writing {
	const text = "ด้วยสำนักงานอุตสาหกรรมจังหวัดระยองได้รับเรื่องร้องเรียนจากประชาชนในพื้นที่ตำบลมาบตาพุด อำเภอเมืองระยอง จังหวัดระยอง ว่าได้รับความเดือดร้อนรำคาญจากกลิ่นเหม็นและเสียงดังของโรงงานอุตสาหกรรมซึ่งตั้งอยู่ใกล้ชุมชน ทั้งในเวลากลางวันและกลางคืน"
	return letters.Writing{Agency: "rayong", To: "diw", Kind: letters.External, Subject: "ขอส่งเรื่องร้องเรียนเกี่ยวกับกลิ่นจากโรงงาน", Content: letters.Content{Paragraphs: []string{text, "สำนักงานอุตสาหกรรมจังหวัดระยองพิจารณาแล้วเห็นว่า เรื่องดังกล่าวอยู่ในอำนาจหน้าที่ของกรมโรงงานอุตสาหกรรม จึงขอส่งเรื่องมาเพื่อพิจารณาดำเนินการ และขอได้โปรดแจ้งผลให้ทราบภายใน 15 วัน", "จึงเรียนมาเพื่อโปรดพิจารณา"}, Enclosures: []string{"สำเนาเรื่องร้องเรียน จำนวน 1 ฉบับ"}}}
}

// approved brings a letter up to its signature.
func (s *side) approved(ctx context.Context) (letters.Letter, error) {
	l, err := s.letters.Draft(ctx, drafter, writing())
	if err != nil {
		return l, err
	}
	if _, err := s.letters.Check(ctx, registrar, l.ID); err != nil {
		return l, err
	}
	return s.letters.Approve(ctx, head, l.ID, "")
}

func (s *side) count(ctx context.Context, query string) (n int, err error) {
	err = s.db.Read(ctx, func(tx *db.Tx) error { return tx.QueryRow(query, nil, &n) })
	return n, err
}

// gaps are the series whose numbers are not all there.
const gaps = `SELECT COUNT(*) FROM letter_series s WHERE s.last <> (SELECT COUNT(*) FROM letter_numbers n WHERE n.agency = s.agency AND n.direction = s.direction AND n.kind = s.kind AND n.year = s.year)`

// sound checks what must hold on a side at any time.
func (s *side) sound(ctx context.Context) error {
	for what, query := range map[string]string{
		"series with a gap":        gaps,
		"numbers given twice":      `SELECT COUNT(*) FROM (SELECT agency, number FROM letters WHERE number > 0 AND secrecy = 'none' GROUP BY agency, number HAVING COUNT(*) > 1) x`,
		"receive numbers twice":    `SELECT COUNT(*) FROM (SELECT agency, number FROM letters_in WHERE number > 0 GROUP BY agency, number HAVING COUNT(*) > 1) x`,
		"numbers without a letter": `SELECT COUNT(*) FROM letter_numbers n WHERE n.direction = 'out' AND n.state = 'used' AND NOT EXISTS (SELECT 1 FROM letters l WHERE l.id = n.letter_id AND l.number = n.number)`,
	} {
		n, err := s.count(ctx, query)
		if err != nil {
			return err
		}
		if n > 0 {
			return fmt.Errorf("%s: %d", what, n)
		}
	}
	report, err := audit.Verify(ctx, s.db, nil)
	if err == nil && len(report.Faults) > 0 {
		err = fmt.Errorf("faults in the audit chain: %v", report.Faults)
	}
	return err
}
