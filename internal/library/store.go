package library

import (
	"database/sql"
	"time"

	"prasan/internal/db"
	"prasan/internal/errs"
)

func insertDocument(tx *db.Tx, d Document) error {
	_, err := tx.Exec(`INSERT INTO library_documents (id, code, kind, title_th, title_en, agency, public, created_by, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
		d.ID, d.Code, d.Kind, d.Title.TH, d.Title.EN, d.Agency, d.Public, d.CreatedBy, db.Micros(d.CreatedAt))
	return err
}

func insertVersion(tx *db.Tx, document string, v Version) error {
	f := v.File
	if f == nil {
		f = &File{}
	}
	_, err := tx.Exec(`INSERT INTO library_versions (id, document_id, n, label, valid_from, valid_to, url, note, blob, key_sealed, file_name, media, size, sha256, added_by, added_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)`,
		v.ID, document, v.N, v.Label, db.Micros(v.From), db.Micros(v.To), v.URL, v.Note, f.blob, f.key, f.Name, f.Type, f.Size, f.SHA256, v.AddedBy, db.Micros(v.AddedAt))
	return err
}

// endBefore has what holds at a moment end there.
func endBefore(tx *db.Tx, document string, from time.Time) error {
	at := db.Micros(from)
	_, err := tx.Exec(`UPDATE library_versions SET valid_to = $1 WHERE document_id = $2 AND valid_from < $3 AND (valid_to = 0 OR valid_to > $4)`, at, document, at, at)
	return err
}

func insertLink(tx *db.Tx, document string, l Link) error {
	_, err := tx.Exec(`INSERT INTO library_links (document_id, activity, field, object, linked_by, linked_at) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING`, document, l.Activity, l.Field, l.Object, l.By, db.Micros(l.At))
	return err
}

func deleteLink(tx *db.Tx, document string, l Link) error {
	n, err := tx.Exec(`DELETE FROM library_links WHERE document_id = $1 AND activity = $2 AND field = $3 AND object = $4`, document, l.Activity, l.Field, l.Object)
	if err == nil && n == 0 {
		err = errs.New(errs.NotFound, "error.not-found")
	}
	return err
}

const columns = `id, code, kind, title_th, title_en, agency, public, created_by, created_at`

func scan(scan func(...any) error) (d Document, err error) {
	var created int64
	err = scan(&d.ID, &d.Code, &d.Kind, &d.Title.TH, &d.Title.EN, &d.Agency, &d.Public, &d.CreatedBy, &created)
	d.CreatedAt, d.Versions, d.Links = db.Time(created), []Version{}, []Link{}
	return d, err
}

func byCode(tx *db.Tx, code string) (Document, error) {
	d, err := scan(func(dest ...any) error {
		return tx.QueryRow(`SELECT `+columns+` FROM library_documents WHERE code = $1`, []any{code}, dest...)
	})
	if err != nil {
		return d, err
	}
	docs := map[string]*Document{d.ID: &d}
	return d, fill(tx, docs, ` WHERE document_id = $1`, d.ID)
}

func list(tx *db.Tx, kind string) ([]Document, error) {
	out := []Document{}
	err := tx.Each(`SELECT `+columns+` FROM library_documents WHERE kind = $1 OR $2 = '' ORDER BY kind, title_th, code`, []any{kind, kind}, func(rows *sql.Rows) error {
		d, err := scan(rows.Scan)
		out = append(out, d)
		return err
	})
	if err != nil {
		return nil, err
	}
	docs := map[string]*Document{}
	for i := range out {
		docs[out[i].ID] = &out[i]
	}
	return out, fill(tx, docs, "")
}

// fill reads versions and links of documents.
func fill(tx *db.Tx, docs map[string]*Document, where string, args ...any) error {
	err := tx.Each(`SELECT document_id, id, n, label, valid_from, valid_to, url, note, blob, key_sealed, file_name, media, size, sha256, added_by, added_at FROM library_versions`+where+` ORDER BY document_id, n DESC`, args, func(rows *sql.Rows) error {
		var v Version
		var f File
		var document string
		var from, to, added int64
		if err := rows.Scan(&document, &v.ID, &v.N, &v.Label, &from, &to, &v.URL, &v.Note, &f.blob, &f.key, &f.Name, &f.Type, &f.Size, &f.SHA256, &v.AddedBy, &added); err != nil {
			return err
		}
		v.From, v.To, v.AddedAt = db.Time(from), db.Time(to), db.Time(added)
		if f.blob != "" {
			v.File = &f
		}
		if d := docs[document]; d != nil {
			d.Versions = append(d.Versions, v)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return tx.Each(`SELECT document_id, activity, field, object, linked_by, linked_at FROM library_links`+where+` ORDER BY document_id, activity, field, object`, args, func(rows *sql.Rows) error {
		var l Link
		var document string
		var at int64
		if err := rows.Scan(&document, &l.Activity, &l.Field, &l.Object, &l.By, &at); err != nil {
			return err
		}
		l.At = db.Time(at)
		if d := docs[document]; d != nil {
			d.Links = append(d.Links, l)
		}
		return nil
	})
}

// Keeps tells whether a stored file is a version's.
func Keeps(tx *db.Tx, blob string) (bool, error) {
	var n int
	err := tx.QueryRow(`SELECT COUNT(*) FROM library_versions WHERE blob = $1 AND blob <> ''`, []any{blob}, &n)
	return n > 0, err
}
