package backup

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"time"

	"prasan/internal/db"
	"prasan/internal/errs"
	"prasan/internal/vault"
)

// pageSum is what is kept of a page for a comparison.
type pageSum [16]byte

func sumOf(page []byte) (out pageSum) {
	sum := sha256.Sum256(page)
	copy(out[:], sum[:])
	return out
}

// Against holds a SQLite file, while it may be written to, against a copy of it that is
// kept up to date: each page that was not written since must be the one that was copied.
// It finds any changed bit, of any table, also where the engine and the rows say nothing.
func Against(ctx context.Context, d *db.DB, c Copy, wrapper vault.KeyWrapper) ([]string, error) {
	for range 5 {
		found, ok, err := against(ctx, d, c, wrapper)
		if err != nil || ok {
			return found, err
		}
		time.Sleep(200 * time.Millisecond) // the log began anew in between
	}
	return nil, errs.New(errs.Unavailable, "error.backup-behind", "path", c.String())
}

func against(ctx context.Context, d *db.DB, c Copy, wrapper vault.KeyWrapper) (found []string, ok bool, err error) {
	var want []pageSum
	visit := func(string) func(string, io.Reader) error {
		return func(name string, r io.Reader) (err error) {
			switch name {
			case databaseName:
				want, err = sumsOf(r)
			case pagesName:
				want, err = sumsOver(want, r)
			}
			return err
		}
	}
	report, err := follow(ctx, c, wrapper, Data, time.Time{}, visit, nil)
	if err != nil {
		return nil, false, err
	}
	view, changed, ok, err := d.Since(ctx, report.At)
	if err != nil || !ok {
		return nil, false, err
	}
	defer view.Close()
	p := &pages{want: want, changed: changed}
	if err := view.Write(ctx, p); err != nil {
		return nil, false, err
	}
	for n := p.n; int(n) < len(want); n++ {
		if !changed[1] { // the length stands on the first page
			p.found = append(p.found, fmt.Sprintf("page %d is missing", n+1))
		}
	}
	return p.found, true, nil
}

func sumsOf(r io.Reader) (out []pageSum, err error) {
	page := make([]byte, db.PageSize)
	for {
		_, err := io.ReadFull(r, page)
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return nil, err
		}
		out = append(out, sumOf(page))
	}
}

// sumsOver reads what a db.Part has written.
func sumsOver(sums []pageSum, r io.Reader) ([]pageSum, error) {
	n, err := db.ReadPart(r, func(page uint32, text []byte) error {
		for int(page) > len(sums) {
			sums = append(sums, pageSum{})
		}
		sums[page-1] = sumOf(text)
		return nil
	})
	if err != nil {
		return nil, err
	}
	for int(n) > len(sums) {
		sums = append(sums, pageSum{})
	}
	return sums[:n], nil
}

// pages compares what is written to it, page by page.
type pages struct {
	want    []pageSum
	changed map[uint32]bool
	n       uint32
	found   []string
}

func (p *pages) Write(b []byte) (int, error) {
	p.n++
	switch {
	case p.changed[p.n]:
	case int(p.n) > len(p.want):
		p.found = append(p.found, fmt.Sprintf("page %d was added", p.n))
	case p.want[p.n-1] != sumOf(b):
		p.found = append(p.found, fmt.Sprintf("page %d is not as it was copied", p.n))
	}
	return len(b), nil
}
