package main

import (
	"database/sql"
	"fmt"
	"net/url"
	"os"
	"sync/atomic"

	"prasan/internal/db/dbtest"
)

// startPostgres starts a server that syncs each commit, as one in service does.
func startPostgres() (string, error) {
	if err := os.Setenv("PRASAN_TEST_PG_FSYNC", "on"); err != nil {
		return "", err
	}
	base, err := dbtest.StartPostgres()
	return base + "/postgres?sslmode=disable", err
}

var databases atomic.Int64

// newDatabase makes an empty database on the server of base; "" stays "".
func newDatabase(base string) (database string, drop func(), err error) {
	if base == "" {
		return "", func() {}, nil
	}
	admin, err := sql.Open("pgx", base)
	if err != nil {
		return "", nil, err
	}
	name := fmt.Sprintf("prasan_bench_%d_%d", os.Getpid(), databases.Add(1))
	if _, err := admin.Exec(`CREATE DATABASE ` + name + ` TEMPLATE template0 ENCODING 'UTF8'`); err != nil {
		admin.Close()
		return "", nil, err
	}
	u, err := url.Parse(base)
	if err != nil {
		return "", nil, err
	}
	u.Path = "/" + name
	return u.String(), func() {
		_, _ = admin.Exec(`DROP DATABASE IF EXISTS ` + name + ` WITH (FORCE)`)
		admin.Close()
	}, nil
}
