package db

import (
	"database/sql"
	"errors"
	"strings"
	"syscall"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"

	"prasan/internal/errs"
)

// SQLite's primary result codes that mean "not now", see sqlite.org/rescode.html.
var unavailableSQLite = map[int]bool{5: true, 6: true, 8: true, 10: true, 13: true, 14: true, 11: true, 26: true}

// classify gives a driver's error a kind; what is ours already stays as it is.
func classify(err error) error {
	if err == nil {
		return nil
	}
	var e *errs.E
	if errors.As(err, &e) {
		return err
	}
	if errors.Is(err, sql.ErrNoRows) {
		return errs.Wrap(err, errs.NotFound, "error.not-found")
	}
	if isUnavailable(err) {
		return errs.Wrap(err, errs.Unavailable, "error.unavailable")
	}
	return errs.Wrap(err, errs.Internal, "error.internal")
}

func isUnavailable(err error) bool {
	var lite *sqlite.Error
	if errors.As(err, &lite) {
		return unavailableSQLite[lite.Code()&0xff]
	}
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		// 08 connection, 53 resources (53100 disk full), 57P operator's intervention, 25006 read only,
		// 40001 and 40P01 a collision whose tries are over.
		return isCollision(err) || strings.HasPrefix(pg.Code, "08") || strings.HasPrefix(pg.Code, "53") || strings.HasPrefix(pg.Code, "57P") || pg.Code == "25006"
	}
	var connect *pgconn.ConnectError
	return errors.As(err, &connect) || errors.Is(err, syscall.ENOSPC) || errors.Is(err, sql.ErrConnDone) || pgconn.SafeToRetry(err)
}

// isBusy tells whether SQLite is being written by another connection.
func isBusy(err error) bool {
	var lite *sqlite.Error
	return errors.As(err, &lite) && lite.Code()&0xff == 5
}

// isCollision tells whether the transaction lost against another one and may be run again.
func isCollision(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && (pg.Code == "40001" || pg.Code == "40P01")
}
