package db

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"encoding/hex"
	"strings"
)

// TableSum is what a table holds: how many rows, and a sum over all of them that does not
// depend on their order.
type TableSum struct {
	Name string `json:"name"`
	Rows int64  `json:"rows"`
	Sum  string `json:"sum"`
}

// Sums reads all tables, row by row. pause is called every so often; a copy that is made
// while others work rests there.
func Sums(ctx context.Context, tx *Tx, pause func()) ([]TableSum, error) {
	names, err := tables(tx)
	if err != nil {
		return nil, err
	}
	out := make([]TableSum, 0, len(names))
	for _, name := range names {
		s, err := sum(ctx, tx, name, pause)
		if err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	return out, nil
}

func tables(tx *Tx) (names []string, err error) {
	text := `SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\_%' ESCAPE '\' ORDER BY name`
	if tx.Dialect == PostgreSQL {
		text = `SELECT tablename FROM pg_tables WHERE schemaname = current_schema() ORDER BY tablename COLLATE "C"`
	}
	err = tx.Each(text, nil, func(rows *sql.Rows) error {
		var name string
		err := rows.Scan(&name)
		names = append(names, name)
		return err
	})
	return names, err
}

// restEvery is after how many rows a reader may rest.
const restEvery = 512

func sum(ctx context.Context, tx *Tx, name string, pause func()) (TableSum, error) {
	s := TableSum{Name: name}
	rows, err := tx.Query(`SELECT * FROM "` + strings.ReplaceAll(name, `"`, `""`) + `"`)
	if err != nil {
		return s, err
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		return s, classify(err)
	}
	fields, into := make([]sql.RawBytes, len(columns)), make([]any, len(columns))
	for i := range fields {
		into[i] = &fields[i]
	}
	var total [4]uint64
	var text []byte
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return s, classify(err)
		}
		text = text[:0]
		for _, f := range fields {
			if f == nil {
				text = append(text, 0)
				continue
			}
			text = append(binary.AppendUvarint(append(text, 1), uint64(len(f))), f...)
		}
		row := sha256.Sum256(text)
		for i := range total {
			total[i] += binary.BigEndian.Uint64(row[8*i:])
		}
		if s.Rows++; s.Rows%restEvery == 0 {
			if pause != nil {
				pause()
			}
			if err := ctx.Err(); err != nil {
				return s, classify(err)
			}
		}
	}
	var all []byte
	for _, n := range total {
		all = binary.BigEndian.AppendUint64(all, n)
	}
	s.Sum = hex.EncodeToString(all)
	return s, classify(rows.Err())
}
