package limits_test

import (
	"bytes"
	"context"
	"testing"
	"time"

	"prasan/internal/db"
	"prasan/internal/db/dbtest"
	"prasan/internal/limits"
)

func TestAttemptsAreCountedWithinAWindowAndForgottenAfterIt(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		l := limits.New([]byte("key"), false)
		try := func(rule, value string) (ok bool) {
			t.Helper()
			if err := e.DB.InTx(context.Background(), func(tx *db.Tx) (err error) {
				ok, err = l.Allow(tx, rule, value, 3, time.Hour)
				return err
			}); err != nil {
				t.Fatal(err)
			}
			return ok
		}
		do := func(f func(tx *db.Tx) error) {
			t.Helper()
			if err := e.DB.InTx(context.Background(), f); err != nil {
				t.Fatal(err)
			}
		}
		for i := range 5 {
			if try("sign-in", "192.0.2.1") != (i < 3) {
				t.Errorf("attempt %d", i+1)
			}
		}
		if !try("sign-in", "192.0.2.2") || !try("track", "192.0.2.1") {
			t.Error("one limit counts for another")
		}
		do(func(tx *db.Tx) error { return l.Clear(tx, "sign-in", "192.0.2.1") })
		if !try("sign-in", "192.0.2.1") {
			t.Error("what was cleared still counts")
		}
		try("sign-in", "192.0.2.1")
		try("sign-in", "192.0.2.1")
		e.Clock.Advance(time.Hour - time.Second)
		if try("sign-in", "192.0.2.1") {
			t.Error("the window ended early")
		}
		e.Clock.Advance(time.Second)
		if !try("sign-in", "192.0.2.1") {
			t.Error("the window does not end")
		}
		e.Clock.Advance(2 * time.Hour)
		do(limits.Sweep)
		var n int
		do(func(tx *db.Tx) error { return tx.QueryRow(`SELECT COUNT(*) FROM limits`, nil, &n) })
		if n != 0 {
			t.Errorf("%d windows are left", n)
		}
	})
}

func TestNoAddressIsStoredAndAnotherKeyGivesAnotherDigest(t *testing.T) {
	e := dbtest.SQLite(t)
	var keys [][]byte
	for _, secret := range []string{"a", "b"} {
		l := limits.New([]byte(secret), false)
		if err := e.DB.InTx(context.Background(), func(tx *db.Tx) error { _, err := l.Allow(tx, "r", "192.0.2.1", 1, time.Hour); return err }); err != nil {
			t.Fatal(err)
		}
	}
	if err := e.DB.Read(context.Background(), func(tx *db.Tx) error {
		rows, err := tx.Query(`SELECT key FROM limits`)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var k []byte
			if err := rows.Scan(&k); err != nil {
				return err
			}
			keys = append(keys, k)
		}
		return rows.Err()
	}); err != nil {
		t.Fatal(err)
	}
	if len(keys) != 2 || bytes.Equal(keys[0], keys[1]) || bytes.Contains(keys[0], []byte("192")) {
		t.Errorf("%q", keys)
	}
}

func TestSwitchedOffEverythingPasses(t *testing.T) {
	e := dbtest.SQLite(t)
	l := limits.New([]byte("key"), true)
	for range 3 {
		if err := e.DB.InTx(context.Background(), func(tx *db.Tx) error {
			ok, err := l.Allow(tx, "r", "v", 0, time.Hour)
			if !ok {
				t.Error("refused")
			}
			return err
		}); err != nil {
			t.Fatal(err)
		}
	}
}
