package saraban

import (
	"context"
	"database/sql"
	"fmt"

	"prasan/internal/db"
	"prasan/internal/errs"
	"prasan/internal/processing"
	"prasan/internal/saraban/ecms"
	"prasan/internal/vault"
)

// A file is not kept in its letter's row but beside it, so that a change of the row does not
// write the file anew; a large one in pieces that are sealed one by one: on its way through
// the exchange it is never in memory whole.
const (
	large = 8 << 10 // what is smaller stays in the row
	piece = 256 << 10
)

// sealing seals a piece where it lies, into memory that is used again.
type sealing func(into []byte, place string, plain []byte) []byte

// partPlace binds a piece to its file, and to how many there are: none can be moved, and
// none be missing.
func partPlace(place string, file, n, total int) string {
	return fmt.Sprintf("%s:%d:%d/%d", place, file, n, total)
}

// parts are the files of a letter that are kept in pieces, by their numbers.
type parts map[int]ecms.File

// take leaves a file where it is unless it is large.
func (p parts) take(n int, f *ecms.File) {
	if f.Length() > large {
		p[n] = *f
		*f = ecms.File{Mime: f.Mime}
	}
}

// put stores the pieces.
func (p parts) put(tx *db.Tx, owner, place string, seal sealing) error {
	for n, f := range p {
		if err := putFile(tx, owner, n, f, place, seal); err != nil {
			return err
		}
	}
	return nil
}

func putFile(tx *db.Tx, owner string, file int, f ecms.File, place string, seal sealing) error {
	n, total := 0, (f.Length()+piece-1)/piece
	room := min(piece, f.Length())
	plain, sealed := make([]byte, 0, room), make([]byte, 0, room+vault.Overhead)
	flush := func() error {
		sealed = seal(sealed[:0], partPlace(place, file, n, total), plain)
		_, err := tx.Exec(`INSERT INTO letter_parts (owner, file, n, size, data) VALUES ($1, $2, $3, $4, $5)`, owner, file, n, len(plain), sealed)
		n, plain = n+1, plain[:0]
		return err
	}
	err := f.Each(func(b []byte) error {
		for len(b) > 0 {
			k := min(piece-len(plain), len(b))
			plain, b = append(plain, b[:k]...), b[k:]
			if len(plain) == piece {
				if err := flush(); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err == nil && len(plain) > 0 {
		err = flush()
	}
	if err == nil && n != total {
		err = errs.New(errs.Internal, "error.internal")
	}
	return err
}

// view is how a database is looked at: with DB.Read, or in a transaction that is open.
type view func(fn func(tx *db.Tx) error) error

// partsOf are the files of an item of a queue that are kept in pieces. They are read when
// they are asked for, piece by piece, each by itself: who is slow keeps nothing waiting.
func (s *Service) partsOf(read view, owner, place string) (parts, error) {
	out := parts{}
	err := read(func(tx *db.Tx) error {
		clear(out)
		return tx.Each(`SELECT file, COUNT(*), CAST(SUM(size) AS BIGINT) FROM letter_parts WHERE owner = $1 GROUP BY file`, []any{owner}, func(rows *sql.Rows) error {
			var file, total, size int
			err := rows.Scan(&file, &total, &size)
			out[file] = ecms.File{Size: size, Pieces: func(give func([]byte) error) error { return s.eachPart(read, owner, file, total, place, give) }}
			return err
		})
	})
	for n, f := range out {
		if err == nil && f.Size <= piece { // one piece is in memory anyway
			err = f.Pieces(func(b []byte) error { out[n] = ecms.File{Data: b}; return nil })
		}
	}
	return out, err
}

func (s *Service) eachPart(read view, owner string, file, total int, place string, give func([]byte) error) error {
	var sealed []byte // used again for each
	for n := range total {
		err := read(func(tx *db.Tx) error {
			sealed = sealed[:0]
			return tx.Each(`SELECT data FROM letter_parts WHERE owner = $1 AND file = $2 AND n = $3`, []any{owner, file, n}, func(rows *sql.Rows) error {
				var data sql.RawBytes
				err := rows.Scan(&data)
				sealed = append(sealed, data...)
				return err
			})
		})
		if err != nil {
			return err
		}
		plain, err := s.Vault.OpenSystemInPlace(partPlace(place, file, n, total), sealed)
		if err != nil {
			return err
		}
		if err := give(plain); err != nil {
			return err
		}
	}
	return nil
}

// sealedParts are the pieces of a file of a letter that came, for who may open them.
func (s *Service) sealedParts(ctx context.Context, i *In, file int) (out []vault.Sealed, err error) {
	err = s.DB.Read(ctx, func(tx *db.Tx) error {
		out = nil
		return tx.Each(`SELECT data FROM letter_parts WHERE owner = $1 AND file = $2 ORDER BY n`, []any{i.ID, file}, func(rows *sql.Rows) error {
			item := vault.Sealed{Subject: i.subjectKey, Element: processing.Content}
			err := rows.Scan(&item.Data)
			out = append(out, item)
			return err
		})
	})
	for n := range out {
		out[n].Place = partPlace(inPlace(i.ID, "part"), file, n, len(out))
	}
	return out, err
}
