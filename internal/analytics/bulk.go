package analytics

import (
	"database/sql"
	"strconv"
	"strings"
	"sync"

	"prasan/internal/db"
)

type rowScanner = *sql.Rows

// chunks are how many rows one statement takes, largest first: few texts to prepare,
// and few of them to run.
var chunks = []int{64, 8, 1}

// bulk runs head, VALUES for as many of a list as a chunk has, and tail; put appends the
// values of one of them to those of the statement.
func bulk[T any](tx *db.Tx, head, tail string, list []T, put func(args []any, x *T) []any) error {
	var args []any
	for _, size := range chunks {
		for ; len(list) >= size; list = list[size:] {
			args = args[:0]
			for i := range list[:size] {
				args = put(args, &list[i])
			}
			if _, err := tx.Exec(bulkText(tx.Dialect, head, tail, size, len(args)/size), args...); err != nil {
				return err
			}
		}
	}
	return nil
}

// bulkTexts remembers the texts of bulk's statements and the lists of inChunks: there is one
// for each size of a chunk.
var bulkTexts sync.Map

func bulkText(d db.Dialect, head, tail string, rows, width int) string {
	type key struct {
		dialect     db.Dialect
		head, tail  string
		rows, width int
	}
	k := key{d, head, tail, rows, width}
	if text, ok := bulkTexts.Load(k); ok {
		return text.(string)
	}
	text := head + values(d, rows, width) + tail
	bulkTexts.Store(k, text)
	return text
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

// inChunks calls f with lists for IN, in brackets, each as long as a chunk: the last one is
// filled up with its last number.
func inChunks(d db.Dialect, ids []int64, f func(in string, args []any) error) error {
	var args []any
	for len(ids) > 0 {
		size := chunks[len(chunks)-1]
		for _, c := range chunks {
			if len(ids) > c/2 {
				size = c
				break
			}
		}
		args = args[:0]
		for i := range size {
			args = append(args, ids[min(i, len(ids)-1)])
		}
		if err := f(bulkText(d, "", "", 1, size), args); err != nil {
			return err
		}
		ids = ids[min(size, len(ids)):]
	}
	return nil
}
