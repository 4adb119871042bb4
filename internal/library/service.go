package library

import (
	"context"
	"encoding/hex"
	"io"
	"time"

	"prasan/internal/audit"
	"prasan/internal/blob"
	"prasan/internal/db"
	"prasan/internal/errs"
	"prasan/internal/policy"
	"prasan/internal/vault"
)

// Deps are the parts a Service works with.
type Deps struct {
	DB       *db.DB
	Vault    *vault.Vault
	Audit    *audit.Log
	Files    *blob.Files
	Agency   func(code string) bool  // whether there is such an agency
	Row      func(field string) bool // whether the form has such a row
	Activity func(code string) bool
	Domains  func() []Domain // the sites that are served
	Now      func() time.Time
}

// Service keeps the library.
type Service struct{ Deps }

// New returns the service.
func New(d Deps) *Service { return &Service{d} }

func may(by policy.Actor, agency string) error {
	if !policy.May(by, Action, agency) {
		return errs.New(errs.Forbidden, "error.forbidden")
	}
	return nil
}

// Add adds a document with its first version, and what it is linked to.
func (s *Service) Add(ctx context.Context, by policy.Actor, d Document, v Version, file *blob.Staged, links ...Link) (Document, error) {
	bad := append(d.check(s.Agency), v.check(file != nil)...)
	for i := range links {
		bad = append(bad, s.checkLink(&links[i])...)
	}
	if len(bad) > 0 {
		return d, errs.InvalidFields(bad)
	}
	if err := may(by, d.Agency); err != nil {
		return d, err
	}
	if err := s.adopt(ctx, file); err != nil {
		return d, err
	}
	err := s.DB.InTx(ctx, func(tx *db.Tx) error {
		if _, err := byCode(tx, d.Code); errs.KindOf(err) != errs.NotFound {
			if err == nil {
				err = errs.InvalidField("code", "library.error-taken", "code", d.Code)
			}
			return err
		}
		d.ID, d.CreatedBy, d.CreatedAt = db.NewID(), by.Account, tx.Now()
		if err := insertDocument(tx, d); err != nil {
			return err
		}
		v.N = 1
		if err := s.insertVersion(tx, by, d.ID, &v, file); err != nil {
			return err
		}
		for _, l := range links {
			l.By, l.At = by.Account, tx.Now()
			if err := insertLink(tx, d.ID, l); err != nil {
				return err
			}
		}
		return s.log(tx, by, "add", d.Code, map[string]any{"kind": d.Kind, "agency": d.Agency, "public": d.Public, "version": v.Label, "sha256": sum(file), "links": links})
	})
	return d, err
}

// adopt keeps the sweep from a file until the transaction that names it is committed.
func (s *Service) adopt(ctx context.Context, file *blob.Staged) error {
	if file == nil {
		return nil
	}
	return s.Files.Adopt(ctx, file.ID)
}

func sum(file *blob.Staged) string {
	if file == nil {
		return ""
	}
	return hex.EncodeToString(file.SHA256)
}

func place(version string) string { return "library:" + version }

func (s *Service) insertVersion(tx *db.Tx, by policy.Actor, document string, v *Version, file *blob.Staged) error {
	v.ID, v.AddedBy, v.AddedAt = db.NewID(), by.Account, tx.Now()
	if file != nil {
		v.File = &File{Name: file.Name, Type: file.Type, Size: file.Size, SHA256: sum(file), blob: file.ID, key: s.Vault.SealSystem(place(v.ID), file.Key)}
	}
	return insertVersion(tx, document, *v)
}

// AddVersion adds a version. The one before ends where it begins, unless it ended before.
func (s *Service) AddVersion(ctx context.Context, by policy.Actor, code string, v Version, file *blob.Staged) (Document, error) {
	if bad := v.check(file != nil); len(bad) > 0 {
		return Document{}, errs.InvalidFields(bad)
	}
	d, err := s.Get(ctx, code)
	if err != nil {
		return d, err
	}
	if err := may(by, d.Agency); err != nil {
		return d, err
	}
	if err := s.adopt(ctx, file); err != nil {
		return d, err
	}
	err = s.DB.InTx(ctx, func(tx *db.Tx) error {
		if d, err = byCode(tx, code); err != nil {
			return err
		}
		v.N = 1
		if len(d.Versions) > 0 {
			v.N = d.Versions[0].N + 1
		}
		if err := endBefore(tx, d.ID, v.From); err != nil {
			return err
		}
		if err := s.insertVersion(tx, by, d.ID, &v, file); err != nil {
			return err
		}
		return s.log(tx, by, "version", code, map[string]any{"version": v.Label, "n": v.N, "from": v.From, "to": v.To, "sha256": sum(file)})
	})
	if err != nil {
		return d, err
	}
	return s.Get(ctx, code)
}

func (s *Service) checkLink(l *Link) (bad []errs.Field) {
	if l.Activity != "" && !s.Activity(l.Activity) {
		bad = append(bad, errs.Field{Name: "activity", Key: "error.no-record"})
	}
	if l.Field != "" && !s.Row(l.Field) || l.Field == "" && l.Object == "" {
		bad = append(bad, errs.Field{Name: "field", Key: "truth.error-field"})
	}
	return bad
}

// Link ties a document to a row or an order.
func (s *Service) Link(ctx context.Context, by policy.Actor, code string, l Link) error {
	if bad := s.checkLink(&l); len(bad) > 0 {
		return errs.InvalidFields(bad)
	}
	return s.change(ctx, by, code, "link", l, func(tx *db.Tx, d Document) error {
		l.By, l.At = by.Account, tx.Now()
		return insertLink(tx, d.ID, l)
	})
}

// Unlink unties it.
func (s *Service) Unlink(ctx context.Context, by policy.Actor, code string, l Link) error {
	return s.change(ctx, by, code, "unlink", l, func(tx *db.Tx, d Document) error { return deleteLink(tx, d.ID, l) })
}

// Publish shows a document to the public, or no longer.
func (s *Service) Publish(ctx context.Context, by policy.Actor, code string, public bool) error {
	return s.change(ctx, by, code, "publish", map[string]bool{"public": public}, func(tx *db.Tx, d Document) error {
		_, err := tx.Exec(`UPDATE library_documents SET public = $1 WHERE id = $2`, public, d.ID)
		return err
	})
}

func (s *Service) change(ctx context.Context, by policy.Actor, code, action string, body any, f func(*db.Tx, Document) error) error {
	return s.DB.InTx(ctx, func(tx *db.Tx) error {
		d, err := byCode(tx, code)
		if err != nil {
			return err
		}
		if err := may(by, d.Agency); err != nil {
			return err
		}
		if err := f(tx, d); err != nil {
			return err
		}
		return s.log(tx, by, action, code, body)
	})
}

func (s *Service) log(tx *db.Tx, by policy.Actor, action, code string, body any) error {
	return s.Audit.Append(tx, audit.Event{Actor: by.Account, Action: "library." + action, Object: "document:" + code, Body: body})
}

// Get returns a document.
func (s *Service) Get(ctx context.Context, code string) (d Document, err error) {
	err = s.DB.Read(ctx, func(tx *db.Tx) (err error) { d, err = byCode(tx, code); return err })
	return d, err
}

// List returns all documents by kind and title; those of a kind unless it is "".
func (s *Service) List(ctx context.Context, kind string) (out []Document, err error) {
	err = s.DB.Read(ctx, func(tx *db.Tx) (err error) { out, err = list(tx, kind); return err })
	return out, err
}

// Open opens the file of a version; the caller closes it.
func (s *Service) Open(ctx context.Context, code string, n int, publicOnly bool) (File, io.ReadCloser, error) {
	d, err := s.Get(ctx, code)
	if err != nil {
		return File{}, nil, err
	}
	for _, v := range d.Versions {
		if v.N != n || v.File == nil || publicOnly && !d.Public {
			continue
		}
		key, err := s.Vault.OpenSystem(place(v.ID), v.File.key)
		if err != nil {
			return File{}, nil, err
		}
		body, err := s.Files.Open(ctx, v.File.blob, key)
		return *v.File, body, err
	}
	return File{}, nil, errs.New(errs.NotFound, "error.not-found")
}

// Read is Open for those who need it whole.
func (s *Service) Read(ctx context.Context, code string, n int) (File, []byte, error) {
	f, r, err := s.Open(ctx, code, n, false)
	if err != nil {
		return f, nil, err
	}
	defer r.Close()
	body, err := io.ReadAll(r)
	return f, body, err
}
