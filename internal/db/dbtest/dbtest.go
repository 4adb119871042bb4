// Package dbtest gives tests a real database of each engine. PostgreSQL's programs
// are Debian's; the cluster is started on a free loopback port by an ordinary user,
// because they refuse to run as root, and stopped with the test binary's process.
package dbtest

import (
	"context"
	"database/sql"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"prasan/internal/clock"
	"prasan/internal/db"
	"prasan/internal/db/migrations"
)

// Start is the moment at which the clocks of tests stand.
var Start = time.Date(2026, 11, 24, 3, 0, 0, 0, time.UTC)

// Engine is one database of a test.
type Engine struct {
	Name  string
	URL   string
	DB    *db.DB
	Clock *clock.Fixed
}

// Each runs f once per engine, each time on a new, migrated database.
func Each(t *testing.T, f func(t *testing.T, e *Engine)) {
	t.Helper()
	EachOf(t, migrations.Files, f)
}

// EachOf is Each with migrations of one's own.
func EachOf(t *testing.T, files fs.FS, f func(t *testing.T, e *Engine)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { f(t, open(t, "sqlite", "sqlite:"+filepath.Join(t.TempDir(), "test.db"), files)) })
	t.Run("postgres", func(t *testing.T) { f(t, open(t, "postgres", PostgresURL(t), files)) })
}

// SQLite opens a new, migrated SQLite database for a test that needs one engine only.
func SQLite(t *testing.T) *Engine {
	t.Helper()
	return open(t, "sqlite", "sqlite:"+filepath.Join(t.TempDir(), "test.db"), migrations.Files)
}

func open(t *testing.T, name, url string, files fs.FS) *Engine {
	t.Helper()
	c := clock.NewFixed(Start)
	d, err := db.Open(context.Background(), url, db.Options{Clock: c})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	if _, err := d.Migrate(context.Background(), files); err != nil {
		t.Fatal(err)
	}
	return &Engine{Name: name, URL: url, DB: d, Clock: c}
}

var number atomic.Int64

// PostgresURL makes an empty database in the cluster of this test run. Where
// PRASAN_TEST_POSTGRES names a cluster, that one is used.
func PostgresURL(t *testing.T) string {
	t.Helper()
	base, err := cluster()
	if err != nil {
		if os.Getenv("PRASAN_TEST_POSTGRES") == "off" {
			t.Skip("PostgreSQL is switched off by PRASAN_TEST_POSTGRES=off")
		}
		t.Fatalf("PostgreSQL: %v (Debian's postgresql-15 is needed; make setup installs it)", err)
	}
	admin, err := sql.Open("pgx", base+"/postgres?sslmode=disable")
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close()
	name := fmt.Sprintf("t%d_%d", os.Getpid(), number.Add(1))
	if _, err := admin.Exec(`CREATE DATABASE ` + name + ` TEMPLATE template0 ENCODING 'UTF8'`); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		admin, err := sql.Open("pgx", base+"/postgres?sslmode=disable")
		if err == nil {
			_, _ = admin.Exec(`DROP DATABASE IF EXISTS ` + name + ` WITH (FORCE)`)
			admin.Close()
		}
	})
	return base + "/" + name + "?sslmode=disable"
}

var cluster = sync.OnceValues(func() (string, error) {
	if url := os.Getenv("PRASAN_TEST_POSTGRES"); url == "off" {
		return "", fmt.Errorf("switched off")
	} else if url != "" {
		return strings.TrimSuffix(url, "/"), nil
	}
	return StartPostgres()
})

// StartPostgres starts a cluster in a new folder and returns "postgres://postgres@127.0.0.1:PORT".
// The server ends with this process.
func StartPostgres() (string, error) {
	bin, err := binaries()
	if err != nil {
		return "", err
	}
	dir, err := os.MkdirTemp("", "prasan-pg")
	if err != nil {
		return "", err
	}
	cred, err := ordinaryUser(dir)
	if err != nil {
		return "", err
	}
	data := filepath.Join(dir, "data")
	initdb := exec.Command(filepath.Join(bin, "initdb"), "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "-N")
	initdb.SysProcAttr = &syscall.SysProcAttr{Credential: cred}
	initdb.Dir = dir
	if out, err := initdb.CombinedOutput(); err != nil {
		return "", fmt.Errorf("initdb: %v: %s", err, out)
	}
	port, err := freePort()
	if err != nil {
		return "", err
	}
	// fsync stays off for tests only: what they check is right and wrong, not power loss.
	server := exec.Command(filepath.Join(bin, "postgres"), "-D", data, "-p", strconv.Itoa(port), "-h", "127.0.0.1", "-k", dir,
		"-c", "fsync="+env("PRASAN_TEST_PG_FSYNC", "off"), "-c", "max_connections=300", "-c", "shared_buffers=64MB")
	server.SysProcAttr = &syscall.SysProcAttr{Credential: cred, Pdeathsig: syscall.SIGQUIT}
	server.Dir = dir
	if err := startPinned(server); err != nil {
		return "", err
	}
	url := "postgres://postgres@127.0.0.1:" + strconv.Itoa(port)
	return url, ready(url)
}

func env(name, otherwise string) string {
	if v := os.Getenv(name); v != "" {
		return v
	}
	return otherwise
}

func binaries() (string, error) {
	if path, err := exec.LookPath("initdb"); err == nil {
		return filepath.Dir(path), nil
	}
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if len(found) == 0 {
		return "", fmt.Errorf("initdb was not found")
	}
	return filepath.Dir(found[len(found)-1]), nil
}

// ordinaryUser gives the folder to a user that is not root, if we are root.
func ordinaryUser(dir string) (*syscall.Credential, error) {
	if os.Getuid() != 0 {
		return nil, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, _ := strconv.Atoi(u.Uid)
		gid, _ := strconv.Atoi(u.Gid)
		return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, os.Chown(dir, uid, gid)
	}
	return nil, fmt.Errorf("no ordinary user to run PostgreSQL as")
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

func ready(url string) error {
	var err error
	for range 200 {
		var d *sql.DB
		if d, err = sql.Open("pgx", url+"/postgres?sslmode=disable"); err == nil {
			err = d.Ping()
			d.Close()
			if err == nil {
				return nil
			}
		}
		time.Sleep(50 * time.Millisecond)
	}
	return err
}
