package main

import (
	"context"
	"encoding/binary"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"prasan/internal/audit"
	"prasan/internal/db"
	"prasan/internal/db/migrations"
	"prasan/internal/policy"
	"prasan/internal/processing"
	"prasan/internal/ropa"
	"prasan/internal/vault"
)

// gate measures what opening the sender's data of a case adds to its page: the decision,
// the lines of the two logs with their commit, and unsealing. CPU is of the whole process,
// in microseconds; commits are counted in the log of the database.
func gate() (cpu, commits float64, err error) {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "prasan-gate")
	if err != nil {
		return 0, 0, err
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "prasan.db")
	d, err := db.Open(ctx, "sqlite:"+file, db.Options{})
	if err != nil {
		return 0, 0, err
	}
	defer d.Close()
	if _, err := d.Migrate(ctx, migrations.Files); err != nil {
		return 0, 0, err
	}
	ring, err := db.Open(ctx, "sqlite:"+filepath.Join(dir, "keyring.db"), db.Options{})
	if err != nil {
		return 0, 0, err
	}
	defer ring.Close()
	master, err := vault.NewMaster(make([]byte, 32))
	if err != nil {
		return 0, 0, err
	}
	v, minter, err := vault.Open(ctx, ring, master)
	if err != nil {
		return 0, 0, err
	}
	snap, err := policy.Compile(ropa.Seed("contact-us", 2))
	if err != nil {
		return 0, 0, err
	}
	guard := processing.New(d, v, minter, audit.New("bench"), func(string) *policy.Snapshot { return snap })
	items, err := sender(ctx, v)
	if err != nil {
		return 0, 0, err
	}
	head := policy.Actor{Account: "head", Agency: "rayong", Roles: []string{"head"}, IsHead: true}
	read := func(n int) error {
		for range n {
			if _, err := guard.Read(ctx, head, processing.Request{Activity: "contact-us", Purpose: "communicate", Items: items, Detail: "case"}); err != nil {
				return err
			}
		}
		return nil
	}
	if err := read(200); err != nil { // statements are prepared, keys are at hand
		return 0, 0, err
	}
	const n = 20
	for range 10 { // the log may be begun anew between two looks
		before, mark, err := committed(file + "-wal")
		if err != nil {
			return 0, 0, err
		}
		if err := read(n); err != nil {
			return 0, 0, err
		}
		after, same, err := committed(file + "-wal")
		if err != nil {
			return 0, 0, err
		}
		if commits = float64(after-before) / n; mark == same {
			break
		}
	}
	const many = 2000
	began := used()
	if err := read(many); err != nil {
		return 0, 0, err
	}
	return float64((used() - began).Microseconds()) / many, commits, nil
}

// sender is the data of one sender, sealed.
func sender(ctx context.Context, v *vault.Vault) (items []vault.Sealed, err error) {
	s, err := v.NewSubject(ctx, time.Now())
	if err != nil {
		return nil, err
	}
	if err := v.Keep(ctx, s); err != nil {
		return nil, err
	}
	for element, text := range map[string]string{"given_name": "มานี", "family_name": "ตัวอย่าง", "mobile_phone": "0812345678", "email": "manee@example.com", processing.Content: "ขอสอบถามเรื่องใบอนุญาตประกอบกิจการโรงงาน"} {
		items = append(items, vault.Sealed{Subject: s.ID, Element: element, Place: element, Data: s.Seal(element, []byte(text))})
	}
	return items, nil
}

// committed counts the commits in a write-ahead log of SQLite: frames that carry the size
// of the database after them (file format, section 4.1). Mark tells one log from the next.
func committed(wal string) (n int, mark uint64, err error) {
	data, err := os.ReadFile(wal)
	if err != nil || len(data) < 32 {
		return 0, 0, err
	}
	mark = binary.BigEndian.Uint64(data[16:])
	size := int(binary.BigEndian.Uint32(data[8:]))
	for at := 32; at+24+size <= len(data); at += 24 + size {
		if binary.BigEndian.Uint64(data[at+8:]) != mark {
			break // left from before the log was begun anew
		}
		if binary.BigEndian.Uint32(data[at+4:]) != 0 {
			n++
		}
	}
	return n, mark, nil
}

// used is the processor time of this process.
func used() time.Duration {
	var r syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &r)
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}
