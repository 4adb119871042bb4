package db_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"prasan/internal/db"
	"prasan/internal/db/dbtest"
)

func sumsOf(t *testing.T, url string) []db.TableSum {
	t.Helper()
	d, err := db.Open(context.Background(), url, db.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if bad, err := d.Integrity(context.Background()); err != nil || len(bad) > 0 {
		t.Fatal(bad, err)
	}
	var out []db.TableSum
	if err := d.Read(context.Background(), func(tx *db.Tx) (err error) {
		out, err = db.Sums(context.Background(), tx, nil)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestATailGivesEveryCommitWhoeverMakesIt(t *testing.T) {
	ctx := context.Background()
	e := dbtest.SQLite(t)
	// A second writer, as a command on the console is one.
	other, err := db.Open(ctx, e.URL, db.Options{})
	if err != nil {
		t.Fatal(err)
	}
	tail, err := e.DB.Tail(ctx)
	if err != nil {
		t.Fatal(err)
	}
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for w, d := range []*db.DB{e.DB, other} {
		wg.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-stop:
					return
				default:
				}
				err := d.InTx(ctx, func(tx *db.Tx) error {
					for j := range 1 + rand.IntN(20) {
						if _, err := tx.Exec(`INSERT INTO settings (name, value) VALUES ($1, $2)`, fmt.Sprint(w, "-", i, "-", j), string(make([]byte, rand.IntN(9000)))); err != nil {
							return err
						}
					}
					_, err := tx.Exec(`DELETE FROM settings WHERE name IN (SELECT name FROM settings ORDER BY value LIMIT $1)`, rand.IntN(15))
					return err
				})
				if err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	image := filepath.Join(t.TempDir(), "image.db")
	var parts []string
	keep := func(list ...*db.Part) {
		t.Helper()
		for _, p := range list {
			if p == nil {
				continue
			}
			path := filepath.Join(t.TempDir(), fmt.Sprint("part", len(parts)))
			f, err := os.Create(path)
			if err != nil {
				t.Fatal(err)
			}
			if err := p.Write(f); err != nil {
				t.Fatal(err)
			}
			if n, _ := f.Seek(0, 1); n != p.Size() {
				t.Fatalf("%d bytes, not %d", n, p.Size())
			}
			f.Close()
			parts = append(parts, path)
		}
	}
	next := func() {
		p, err := tail.Next()
		if err != nil {
			t.Fatal(err)
		}
		keep(p)
	}
	salts := map[uint64]bool{}
	for round := range 60 {
		if round == 3 {
			view, _, err := tail.Here(ctx)
			if err != nil {
				t.Fatal(err)
			}
			parts = nil // what came before is in the image
			next()      // while the image is being made
			f, err := os.Create(image)
			if err != nil {
				t.Fatal(err)
			}
			if err := view.Write(ctx, f); err != nil {
				t.Fatal(err)
			}
			f.Close()
			view.Close()
		}
		next()
		if round%5 == 4 {
			rest, err := tail.Fold(ctx)
			if err != nil {
				t.Fatal(err)
			}
			keep(rest...)
		}
		salts[tail.At().Salt] = true
	}
	close(stop)
	wg.Wait()
	next()
	tail.Close()
	if len(salts) < 3 {
		t.Errorf("the log began anew %d times: this test proves little", len(salts))
	}
	for _, path := range parts {
		f, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := db.Apply(image, f); err != nil {
			t.Fatal(err)
		}
		f.Close()
	}
	other.Close()
	want, got := sumsOf(t, e.URL), sumsOf(t, "sqlite:"+image)
	if !slices.Equal(want, got) {
		t.Errorf("after %d parts the copy differs:\n%v\n%v", len(parts), want, got)
	}
}
