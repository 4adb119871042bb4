package analytics

import (
	"database/sql"
	"strconv"
	"strings"

	"prasan/internal/db"
)

type rowScanner = *sql.Rows

// chunks are how many rows one statement takes, largest first: few texts to prepare,
// and few of them to run.
var chunks = []int{64, 8, 1}

// bulk runs head, VALUES for as many rows as a chunk has, and tail.
func bulk(tx *db.Tx, head, tail string, rows [][]any) error {
	for _, size := range chunks {
		for len(rows) >= size {
			args := make([]any, 0, size*len(rows[0]))
			for _, r := range rows[:size] {
				args = append(args, r...)
			}
			if _, err := tx.Exec(head+values(tx.Dialect, size, len(rows[0]))+tail, args...); err != nil {
				return err
			}
			rows = rows[size:]
		}
	}
	return nil
}

// values are the places of a chunk. SQLite looks each numbered place up among all of
// them, which for hundreds costs more than the rows: there they are not numbered.
func values(d db.Dialect, rows, width int) string {
	if d == db.SQLite {
		return sqlitePlaces(rows, width)
	}
	return placeholders(rows, width)
}

func sqlitePlaces(rows, width int) string {
	row := ",(?" + strings.Repeat(",?", width-1) + ")"
	return strings.Repeat(row, rows)[1:]
}

func placeholders(rows, width int) string {
	var b strings.Builder
	n := 0
	for i := range rows {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteByte('(')
		for j := range width {
			if j > 0 {
				b.WriteByte(',')
			}
			n++
			b.WriteByte('$')
			b.WriteString(strconv.Itoa(n))
		}
		b.WriteByte(')')
	}
	return b.String()
}

// inChunks calls f with lists for IN, each as long as a chunk: the last one is filled
// up with its last number.
func inChunks(ids []int64, f func(in string, args []any) error) error {
	for len(ids) > 0 {
		size := chunks[len(chunks)-1]
		for _, c := range chunks {
			if len(ids) > c/2 {
				size = c
				break
			}
		}
		args := make([]any, size)
		for i := range args {
			args[i] = ids[min(i, len(ids)-1)]
		}
		in := placeholders(1, size)
		if err := f(in[1:len(in)-1], args); err != nil {
			return err
		}
		ids = ids[min(size, len(ids)):]
	}
	return nil
}
