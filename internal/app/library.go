package app

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"
	"time"

	"prasan/internal/audit"
	"prasan/internal/db"
	"prasan/internal/errs"
	"prasan/internal/evidence"
	"prasan/internal/library"
	"prasan/internal/policy"
	"prasan/internal/ropa"
	"prasan/internal/sites"
	"prasan/internal/web/api"
	"prasan/internal/web/public"
)

// wireLibrary keeps the documents that the record cites.
func wireLibrary(_ context.Context, a *App) error {
	a.Library = library.New(library.Deps{DB: a.DB, Vault: a.Vault, Audit: a.Audit, Files: a.Blobs, Now: a.Now,
		Agency:   func(code string) bool { _, ok := a.Agencies.Get(code); return ok },
		Row:      func(field string) bool { return ropa.RowByID(field) != nil },
		Activity: func(code string) bool { return a.Register.Snapshot(code) != nil },
		Domains:  a.domains})
	a.Operations = append(a.Operations, api.LibraryOperations(a.Library)...)
	return nil
}

// libraryInEvidence puts the documents that held in the period, each with its file where
// there is room: those of the agency, of those under it and of the bodies above it.
// Training is told apart.
func (a *App) libraryInEvidence(ctx context.Context, s evidence.Scope, put evidence.Put) error {
	const room = 64 << 20
	all, err := a.Library.List(ctx, "")
	if err != nil {
		return err
	}
	used := int64(0)
	var rows, training [][]string
	for _, d := range all {
		if !s.Covers(d.Agency) && !a.Agencies.Within(s.Agency, d.Agency) {
			continue
		}
		for _, v := range d.Versions {
			if v.From.After(s.To) || !v.To.IsZero() && !v.To.After(s.From) {
				continue
			}
			row := []string{d.Code, d.Kind, d.Title.TH, d.Agency, v.Label, stampOf(v.From), stampOf(v.To), v.URL, "", "", ""}
			if f := v.File; f != nil {
				row[8], row[9] = f.SHA256, f.Type
				if used+f.Size <= room {
					used += f.Size
					row[10] = fmt.Sprintf("library/files/%s.%d.%s", d.Code, v.N, fileEnding(f.Name))
					_, body, err := a.Library.Read(ctx, d.Code, v.N)
					if err != nil {
						return err
					}
					if err := put(row[10], body); err != nil {
						return err
					}
				}
			}
			if rows = append(rows, row); d.Kind == "training" {
				training = append(training, row)
			}
		}
	}
	head := []string{"code", "kind", "title", "agency", "version", "valid_from", "valid_to", "url", "sha256", "type", "file"}
	if err := put.Table("library/documents.csv", head, rows); err != nil {
		return err
	}
	return put.Table("library/training.csv", head, training)
}

func stampOf(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

// fileEnding is the ending of a name, which the file gate has made that of its type.
func fileEnding(name string) string {
	if ext := path.Ext(name); ext != "" {
		return ext[1:]
	}
	return "bin"
}

// publicDocuments are the versions of the documents that a site shows: those of its
// agency and of the bodies above it.
func (a *App) publicDocuments(ctx context.Context, site sites.Site) ([]public.DocumentVersion, error) {
	all, err := a.Library.List(ctx, "")
	var out []public.DocumentVersion
	for _, d := range all {
		if !d.Public || !a.Agencies.Within(site.Agency, d.Agency) {
			continue
		}
		for _, v := range d.Versions {
			out = append(out, public.DocumentVersion{Code: d.Code, N: v.N, Title: d.Title, Version: v.Label, UpdatedAt: v.From, URL: v.URL, HasFile: v.File != nil})
		}
	}
	slices.SortStableFunc(out, func(x, y public.DocumentVersion) int { return y.UpdatedAt.Compare(x.UpdatedAt) })
	return out, err
}

func (a *App) publicDocument(ctx context.Context, site sites.Site, code string, n int) (public.DocumentFile, error) {
	d, err := a.Library.Get(ctx, code)
	if err == nil && !a.Agencies.Within(site.Agency, d.Agency) {
		err = errs.New(errs.NotFound, "error.not-found")
	}
	if err != nil {
		return public.DocumentFile{}, err
	}
	f, body, err := a.Library.Open(ctx, code, n, true)
	return public.DocumentFile{Name: fmt.Sprintf("%s.%d.%s", d.Code, n, fileEnding(f.Name)), Type: f.Media(), Size: f.Size, Body: body}, err
}

// seedLibrary gives the demo's ministry the documents that its records cite, plainly
// marked as examples; what is left out is what the truth page then shows to be missing.
func (a *App) seedLibrary(ctx context.Context) error {
	by := policy.Actor{Account: "dpo", Agency: "ops", Roles: []string{"dpo"}}
	begin := a.Now().AddDate(-1, 0, 0)
	for _, x := range []struct {
		code, kind, label string
		title             policy.Text
		public            bool
	}{
		{"policy-2565", "policy", "V.1.0", policy.Text{TH: "นโยบายและแนวปฏิบัติในการรักษาความมั่นคงปลอดภัยด้านสารสนเทศ สำนักงานปลัดกระทรวงอุตสาหกรรม ประจำปี พ.ศ. 2565", EN: "Information security policy of the Office of the Permanent Secretary, B.E. 2565"}, true},
		{"saraban-2526", "regulation", "พ.ศ. 2526", policy.Text{TH: "ระเบียบสำนักนายกรัฐมนตรีว่าด้วยงานสารบรรณ พ.ศ. 2526 และที่แก้ไขเพิ่มเติม (ฉบับที่ 2) พ.ศ. 2548", EN: "Regulation on Correspondence B.E. 2526, as amended"}, true},
		{"computer-crime", "regulation", "พ.ศ. 2550", policy.Text{TH: "พระราชบัญญัติว่าด้วยการกระทำความผิดเกี่ยวกับคอมพิวเตอร์ พ.ศ. 2550 และที่แก้ไขเพิ่มเติม มาตรา 26", EN: "Computer-related Crime Act B.E. 2550, section 26"}, true},
		{"rights-form", "form", "V.1.0", policy.Text{TH: "แบบคำร้องขอใช้สิทธิของเจ้าของข้อมูลส่วนบุคคล", EN: "Data subject rights request form"}, true},
		{"cookie-policy", "notice", "V.1.0", policy.Text{TH: "นโยบายคุกกี้ (Cookies Policy)", EN: "Cookie policy"}, true},
		{"delegations", "order", "ทะเบียน 2569", policy.Text{TH: "คำสั่งมอบหมายให้ปฏิบัติหน้าที่เกี่ยวกับเรื่องที่ได้รับแจ้งผ่านระบบเว็บไซต์ ตามทะเบียนคำสั่งของแต่ละหน่วยงาน", EN: "Orders delegating the handling of matters, as registered by each agency"}, false},
		{"training-2569", "training", "รุ่นที่ 1", policy.Text{TH: "การอบรมการคุ้มครองข้อมูลส่วนบุคคลสำหรับผู้ปฏิบัติงาน (ข้อมูลสมมติ)", EN: "Training in data protection for staff (invented)"}, false},
	} {
		file, err := a.Blobs.Stage(ctx, x.code+".txt", exampleText(x.title))
		if err != nil {
			return err
		}
		if _, err := a.Library.Add(ctx, by, library.Document{Code: x.code, Kind: x.kind, Title: x.title, Agency: "ops", Public: x.public}, library.Version{Label: x.label, From: begin}, &file); err != nil {
			return err
		}
	}
	file, err := a.Blobs.Stage(ctx, "domain-list.txt", library.DomainList(a.domains()))
	if err != nil {
		return err
	}
	_, err = a.Library.Add(ctx, by, library.Document{Code: "domain-list", Kind: "domains", Title: policy.Text{TH: "เอกสารรายชื่อโดเมน", EN: "List of domains"}, Agency: "ops", Public: true}, library.Version{Label: "V.1.0", From: begin}, &file)
	return err
}

// domains are the sites that are served, for the annex of the record.
func (a *App) domains() (out []library.Domain) {
	for _, s := range a.Sites.All() {
		g, _ := a.Agencies.Get(s.Agency)
		out = append(out, library.Domain{Host: s.Host, Name: s.Name, Agency: g.Name})
	}
	return out
}

func exampleText(title policy.Text) io.Reader {
	return strings.NewReader("เอกสารตัวอย่างสำหรับการสาธิต ไม่ใช่เอกสารจริง\nExample for the demo, not the real document\n\n" + title.TH + "\n" + title.EN + "\n")
}

// seedPresence has the demo's people come and go as they do: they signed in within the
// last weeks, but for a few who left, whom the review of access then finds.
func (a *App) seedPresence(ctx context.Context) error {
	if err := a.Review.OpenDue(ctx); err != nil {
		return err
	}
	return a.DB.InTx(ctx, func(tx *db.Tx) error {
		var names []string
		if err := tx.Each(`SELECT name FROM accounts ORDER BY name`, nil, func(rows *sql.Rows) error {
			var name string
			err := rows.Scan(&name)
			names = append(names, name)
			return err
		}); err != nil {
			return err
		}
		for _, name := range names {
			if slices.Contains(gone, name) {
				continue
			}
			if err := a.Audit.Append(tx, audit.Event{Actor: name, Action: "account.signin", Object: "account:" + name}); err != nil {
				return err
			}
			if _, err := tx.Exec(`UPDATE tokens SET used_at = $1 WHERE account = $2 AND used_at = 0`, db.Micros(tx.Now()), name); err != nil {
				return err
			}
		}
		return nil
	})
}

// gone are the demo's people who have not come for long.
var gone = []string{"head-yala", "officer-yala", "head-yasothon"}
