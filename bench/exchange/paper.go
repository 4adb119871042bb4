package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"prasan/internal/db/dbtest"
	"prasan/internal/policy"
)

// cpu is the processor time that this process has used.
func cpu() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func letterFigures(ctx context.Context, _ options) error {
	dir, err := os.MkdirTemp("", "prasan-letters")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	s, err := open(ctx, dir, sideOptions{people: []policy.Actor{drafter, head, registrar}})
	if err != nil {
		return err
	}
	defer s.close()
	one := writing()
	long := writing()
	for len(long.Content.Paragraphs) < 200 { // fifty pages of it
		long.Content.Paragraphs = append(long.Content.Paragraphs, strings.Repeat(one.Content.Paragraphs[0]+" ", 3))
	}
	for _, x := range []struct {
		name        string
		times       int
		writing     func() ([]byte, error)
		bound, size float64
	}{
		{"one page", 200, func() ([]byte, error) { return s.letters.PreviewPDF(ctx, drafter, one) }, 8, 40},
		{"fifty pages", 10, func() ([]byte, error) { return s.letters.PreviewPDF(ctx, drafter, long) }, 200, 0},
	} {
		file, err := x.writing() // warm: the fonts are read once
		if err != nil {
			return err
		}
		runtime.GC()
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		began := cpu()
		for range x.times {
			if file, err = x.writing(); err != nil {
				return err
			}
		}
		each := float64((cpu() - began).Microseconds()) / 1000 / float64(x.times)
		runtime.GC()
		runtime.ReadMemStats(&after)
		pages := bytes.Count(file, []byte("/Type /Page ")) + bytes.Count(file, []byte("/Type /Page\n"))
		atMost(fmt.Sprintf("a letter as PDF, %s (%d): CPU", x.name, pages), each, "ms", x.bound)
		if x.size > 0 {
			atMost("a letter as PDF, "+x.name+": size", float64(len(file))/1024, "KiB", x.size)
		}
		figure("a letter as PDF, "+x.name+fmt.Sprintf(": heap after %d more", x.times), (float64(after.HeapAlloc)-float64(before.HeapAlloc))/1e6, "MB", "", true)
	}
	return nil
}

func numberFigures(ctx context.Context, o options) error {
	dir, err := os.MkdirTemp("", "prasan-numbers")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	url, name := o.database, "SQLite"
	if url != "" {
		name = "PostgreSQL"
	}
	if url == "postgres" {
		if err := os.Setenv("PRASAN_TEST_PG_FSYNC", "on"); err != nil {
			return err
		}
		base, err := dbtest.StartPostgres()
		if err != nil {
			return err
		}
		url = base + "/postgres?sslmode=disable"
	}
	s, err := open(ctx, dir, sideOptions{database: url, people: []policy.Actor{drafter, head, registrar}})
	if err != nil {
		return err
	}
	defer s.close()
	ids := make([]string, o.letters)
	if err := many(16, o.letters, func(i int) error {
		l, err := s.approved(ctx)
		ids[i] = l.ID
		return err
	}); err != nil {
		return err
	}
	began := time.Now()
	if err := many(64, o.letters, func(i int) error { _, err := s.letters.Number(ctx, registrar, ids[i], 0); return err }); err != nil {
		return err
	}
	atLeast("numbers, 64 registrars at once, "+name, float64(o.letters)/time.Since(began).Seconds(), "/s", 500)
	if n, err := s.count(ctx, `SELECT COUNT(*) FROM letters WHERE number > 0`); err != nil || n != o.letters {
		return fmt.Errorf("%d of %d have a number: %w", n, o.letters, err)
	}
	return s.sound(ctx)
}

// many does something n times, by some at once.
func many(workers, n int, do func(i int) error) error {
	var next atomic.Int64
	var wg sync.WaitGroup
	failed := make(chan error, workers)
	for range workers {
		wg.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= n {
					return
				}
				if err := do(i); err != nil {
					failed <- err
					return
				}
			}
		})
	}
	wg.Wait()
	select {
	case err := <-failed:
		return err
	default:
		return nil
	}
}
