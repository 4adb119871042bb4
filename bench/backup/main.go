// Command backup measures copies and restores: a copy of many cases while messages come
// in, how fast it is checked and restored, whether restores are exact to the row, and
// whether single changed bits are found in a copy and in a live database.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"prasan/bench/load"
	"prasan/internal/db"
	"prasan/internal/db/migrations"
)

type options struct {
	binary  string
	folder  string
	cases   int
	drills  int
	flips   int
	conns   int
	seconds int
	json    string
	parts   string
}

// parts are what is measured, by the name with which one is chosen.
var parts = []struct {
	name    string
	measure func(options) ([]figure, error)
}{{"large", large}, {"drills", drills}, {"copy", flipsInCopy}, {"alive", flipsAlive}}

// figure is one measured number beside what was asked.
type figure struct {
	Name   string  `json:"name"`
	Value  float64 `json:"value"`
	Unit   string  `json:"unit"`
	Target string  `json:"target"`
	Met    bool    `json:"met"`
}

func main() {
	var o options
	flag.StringVar(&o.binary, "binary", "bin/prasan", "the program to measure")
	flag.StringVar(&o.folder, "folder", "", "folder for the data and its copies; default a new one that is removed")
	flag.IntVar(&o.cases, "cases", 1_000_000, "cases in the large installation")
	flag.IntVar(&o.drills, "drills", 50, "restore drills")
	flag.IntVar(&o.flips, "flips", 300, "bits that are changed one at a time")
	flag.IntVar(&o.conns, "conns", 8, "connections that send messages meanwhile")
	flag.IntVar(&o.seconds, "seconds", 15, "seconds of load without a copy")
	flag.StringVar(&o.json, "json", "", "file for the figures as JSON")
	flag.StringVar(&o.parts, "parts", "large,drills,copy,alive", "what to measure")
	flag.Parse()
	if err := run(o); err != nil {
		fmt.Fprintln(os.Stderr, "bench/backup:", err)
		os.Exit(1)
	}
}

func run(o options) error {
	if o.folder == "" {
		dir, err := os.MkdirTemp("", "prasan-backup")
		if err != nil {
			return err
		}
		defer os.RemoveAll(dir)
		o.folder = dir
	}
	var out []figure
	for _, part := range parts {
		if !strings.Contains(","+o.parts+",", ","+part.name+",") {
			continue
		}
		more, err := part.measure(o)
		if err != nil {
			return err
		}
		for _, f := range more {
			fmt.Fprintf(os.Stderr, "%s: %.2f %s\n", f.Name, f.Value, f.Unit)
		}
		out = append(out, more...)
	}
	fmt.Println("| figure | measured | asked | met |\n|---|---:|---:|---|")
	for _, f := range out {
		met := map[bool]string{true: "yes", false: "no"}[f.Met]
		if f.Target == "" {
			met = ""
		}
		fmt.Printf("| %s | %.2f %s | %s | %s |\n", f.Name, f.Value, f.Unit, f.Target, met)
	}
	if o.json == "" {
		return nil
	}
	text, err := json.MarshalIndent(out, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(o.json, append(text, '\n'), 0o644)
}

// prasan runs a command of the program and returns what it printed and how long it took.
func (o options) prasan(args ...string) (string, time.Duration, error) {
	began := time.Now()
	cmd := exec.Command(o.binary, args...)
	var said strings.Builder
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		err = fmt.Errorf("prasan %s: %w: %s%s", strings.Join(args, " "), err, out, said.String())
	}
	return string(out), time.Since(began), err
}

// installation makes one in a folder, with a few cases that came by its pages.
func (o options) installation(dir string, messages int) error {
	s, err := load.Start(o.binary, "serve", "--data", dir, "--rate-limits", "off")
	if err != nil {
		return err
	}
	defer func() { _ = s.Stop() }()
	form, err := load.Prepare(s.Addr)
	if err != nil {
		return err
	}
	c, err := load.Dial(s.Addr)
	if err != nil {
		return err
	}
	defer c.Close()
	for n := range messages {
		if _, err := form.Submit(c, n); err != nil {
			return err
		}
	}
	return nil
}

// multiply makes many cases of the ones there are, each with its events and digests. What
// is sealed is random, of the same length: to a copy it is all the same.
func multiply(dir string, cases int) error {
	ctx := context.Background()
	d, err := db.Open(ctx, "sqlite:"+filepath.Join(dir, "prasan.db"), db.Options{})
	if err != nil {
		return err
	}
	defer d.Close()
	if _, err := d.Migrate(ctx, migrations.Files); err != nil {
		return err
	}
	for from := 0; from < cases; from += 20000 {
		to := min(from+20000, cases)
		err := d.InTx(ctx, func(tx *db.Tx) error {
			for _, text := range multiplying(tx, from, to) {
				if _, err := tx.Exec(text); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// columns of a table, of which some are given another value.
func columns(tx *db.Tx, table string, other map[string]string) (names, values string) {
	rows, err := tx.Query(`SELECT name FROM pragma_table_info('` + table + `')`)
	if err != nil {
		return "", ""
	}
	defer rows.Close()
	var n, v []string
	for rows.Next() {
		var name string
		if rows.Scan(&name) != nil {
			return "", ""
		}
		n = append(n, name)
		if x, ok := other[name]; ok {
			v = append(v, x)
		} else {
			v = append(v, "t."+name)
		}
	}
	return strings.Join(n, ", "), strings.Join(v, ", ")
}

func multiplying(tx *db.Tx, from, to int) (texts []string) {
	series := fmt.Sprintf(`WITH RECURSIVE n(i) AS (SELECT %d UNION ALL SELECT i + 1 FROM n WHERE i < %d)`, from+1, to)
	id := `printf('%08x-0000-7000-8000-%012x', n.i, n.i)`
	for _, x := range []struct {
		table, where string
		other        map[string]string
	}{
		{"cases", "t.rowid = (SELECT MIN(rowid) FROM cases)", map[string]string{"id": id, "reference": `printf('X%09d', n.i)`, "subject_key": id, "message": "randomblob(length(t.message))", "tracking_hash": "randomblob(32)", "nonce_hash": "randomblob(32)", "row_hash": "randomblob(32)", "received_at": "t.received_at - n.i * 1000000"}},
		{"case_events", "t.case_id = (SELECT id FROM cases ORDER BY rowid LIMIT 1) AND t.seq = 1", map[string]string{"id": id, "case_id": id}},
		{"case_index", "t.rowid = (SELECT MIN(rowid) FROM case_index)", map[string]string{"digest": "randomblob(16)", "case_id": id}},
	} {
		names, values := columns(tx, x.table, x.other)
		texts = append(texts, series+` INSERT INTO `+x.table+` (`+names+`) SELECT `+values+` FROM n, `+x.table+` t WHERE `+x.where)
	}
	return texts
}

func sizeOf(path string) float64 {
	info, err := os.Stat(path)
	if err != nil {
		return 0
	}
	return float64(info.Size())
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// large is a copy of many cases while messages come in, its check, and its restore.
func large(o options) ([]figure, error) {
	dir, to := filepath.Join(o.folder, "large"), filepath.Join(o.folder, "large-copies")
	if err := os.MkdirAll(to, 0o700); err != nil {
		return nil, err
	}
	if _, err := os.Stat(filepath.Join(dir, "prasan.db")); err != nil { // else it is there from before
		if err := o.installation(dir, 3); err != nil {
			return nil, err
		}
		began := time.Now()
		if err := multiply(dir, o.cases); err != nil {
			return nil, err
		}
		fmt.Fprintf(os.Stderr, "%d cases, %.0f MB, in %s\n", o.cases, sizeOf(filepath.Join(dir, "prasan.db"))/1e6, time.Since(began).Round(time.Second))
	}
	quiet, busy, copied, took, err := o.whileServing(dir, to)
	if err != nil {
		return nil, err
	}
	bytes := sizeOf(copied)
	_, checked, err := o.prasan("verify", copied, "--data", dir)
	if err != nil {
		return nil, err
	}
	_, restored, err := o.prasan("restore", "--from", copied, "--data", filepath.Join(o.folder, "large-restored"), "--master-key-file", filepath.Join(dir, "master.key"))
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(filepath.Join(o.folder, "large-restored"))
	ratio := ms(busy.Quantile(.99)) / ms(quiet.Quantile(.99))
	rate, gigabyte := bytes/1e6/restored.Seconds(), checked.Seconds()/(bytes/1e9)
	return []figure{
		{fmt.Sprintf("copy of %d cases while serving", o.cases), took.Seconds(), "s", "", false},
		{"size of the copy", bytes / 1e6, "MB", "", false},
		{"intake p99 without a copy", ms(quiet.Quantile(.99)), "ms", "", false},
		{"intake p99 while copying", ms(busy.Quantile(.99)), "ms", "", false},
		{"intake p99 while copying, as a multiple", ratio, "x", "≤ 2", ratio <= 2},
		{"messages a second without a copy", float64(quiet.N) / quiet.Elapsed.Seconds(), "/s", "", false},
		{"messages a second while copying", float64(busy.N) / busy.Elapsed.Seconds(), "/s", "", false},
		{"restore to ready", rate, "MB/s", "≥ 100", rate >= 100},
		{"check of 1 GB", gigabyte, "s", "≤ 10", gigabyte <= 10},
	}, nil
}

// whileServing loads the program without and with a copy under way.
func (o options) whileServing(dir, to string) (quiet, busy load.Result, copied string, took time.Duration, err error) {
	s, err := load.Start(o.binary, "serve", "--data", dir, "--rate-limits", "off")
	if err != nil {
		return quiet, busy, "", 0, err
	}
	defer func() { _ = s.Stop() }()
	form, err := load.Prepare(s.Addr)
	if err != nil {
		return quiet, busy, "", 0, err
	}
	first := rand.IntN(1 << 20)
	load.Run(s.Addr, form, o.conns, 3*time.Second, first)
	quiet = load.Run(s.Addr, form, o.conns, time.Duration(o.seconds)*time.Second, first+100000)
	copied = filepath.Join(to, fmt.Sprintf("copy-%d.prasan", time.Now().UnixNano()))
	ended := make(chan error, 1)
	go func() {
		var e error
		_, took, e = o.prasan("backup", "--data", dir, "--to", copied)
		ended <- e
	}()
	for {
		r := load.Run(s.Addr, form, o.conns, time.Second, first+200000+busy.N*o.conns)
		busy.N, busy.Elapsed, busy.Latencies = busy.N+r.N, busy.Elapsed+r.Elapsed, append(busy.Latencies, r.Latencies...)
		if r.FirstErr != nil {
			return quiet, busy, copied, took, r.FirstErr
		}
		select {
		case err := <-ended:
			return quiet, busy, copied, took, err
		default:
		}
	}
}

// drills restores a smaller installation many times; each counts and sums every row.
func drills(o options) ([]figure, error) {
	dir, data, keys, err := o.small()
	if err != nil {
		return nil, err
	}
	good, rows := 0, 0.0
	for range o.drills {
		text, _, err := o.prasan("drill", "--data", dir, "--backup-to", data, "--backup-keys-to", keys, "--json")
		if err != nil {
			return nil, err
		}
		var d struct {
			Good bool
			Rows float64
		}
		if err := json.Unmarshal([]byte(text), &d); err != nil {
			return nil, err
		}
		if d.Good {
			good++
		}
		rows = d.Rows
	}
	return []figure{
		{"restore drills exact to the row", float64(good), fmt.Sprintf("of %d", o.drills), fmt.Sprint(o.drills), good == o.drills},
		{"rows counted and summed in each", rows, "", "", false},
	}, nil
}

// small is an installation with some messages, and a copy of it.
func (o options) small() (dir, data, keys string, err error) {
	dir, data, keys = filepath.Join(o.folder, "small"), filepath.Join(o.folder, "small-data"), filepath.Join(o.folder, "small-keys")
	if _, err := os.Stat(filepath.Join(dir, "prasan.db")); err == nil {
		return dir, data, keys, nil
	}
	for _, path := range []string{data, keys} {
		if err := os.MkdirAll(path, 0o700); err != nil {
			return dir, data, keys, err
		}
	}
	if err := o.installation(dir, 400); err != nil {
		return dir, data, keys, err
	}
	_, _, err = o.prasan("backup", "--data", dir, "--to", data, "--keys-to", keys)
	return dir, data, keys, err
}

// flipsInCopy changes one bit of a copy at a time.
func flipsInCopy(o options) ([]figure, error) {
	dir, data, _, err := o.small()
	if err != nil {
		return nil, err
	}
	copies, err := filepath.Glob(filepath.Join(data, "*.prasan"))
	if err != nil || len(copies) == 0 {
		return nil, fmt.Errorf("no copy in %s: %w", data, err)
	}
	text, err := os.ReadFile(copies[0])
	if err != nil {
		return nil, err
	}
	bad := filepath.Join(o.folder, "flipped.prasan")
	defer os.Remove(bad)
	found := 0
	for range o.flips {
		at, bit := rand.IntN(len(text)), byte(1)<<rand.IntN(8)
		text[at] ^= bit
		if err := os.WriteFile(bad, text, 0o600); err != nil {
			return nil, err
		}
		text[at] ^= bit
		if _, _, err := o.prasan("verify", bad, "--data", dir, "--master-key-file", filepath.Join(dir, "master.key")); err != nil {
			found++
		}
	}
	return []figure{{"bits changed in a copy that are found", float64(found), fmt.Sprintf("of %d", o.flips), fmt.Sprint(o.flips), found == o.flips}}, nil
}

// flipsAlive changes one bit of the database's file at a time, and tells those that
// change a row of a table from those that change nothing that is read.
func flipsAlive(o options) ([]figure, error) {
	dir, to, keysTo := filepath.Join(o.folder, "alive"), filepath.Join(o.folder, "alive-data"), filepath.Join(o.folder, "alive-keys")
	for _, path := range []string{to, keysTo} {
		if err := os.MkdirAll(path, 0o700); err != nil {
			return nil, err
		}
	}
	if err := o.streamed(dir, to, keysTo); err != nil {
		return nil, err
	}
	path, scratch := filepath.Join(dir, "prasan.db"), filepath.Join(o.folder, "scratch.db")
	good, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	log, err := os.ReadFile(path + "-wal")
	if err != nil {
		return nil, err
	}
	// A file is opened and folded by whoever reads it: it is laid down anew each time.
	lay := func(to string, text []byte) error {
		return errors.Join(os.WriteFile(to, text, 0o600), os.WriteFile(to+"-wal", log, 0o600), os.RemoveAll(to+"-shm"))
	}
	look := func(text []byte) (string, error) {
		if err := lay(scratch, text); err != nil {
			return "", err
		}
		return sums(scratch)
	}
	verify := func(text []byte) error {
		if err := lay(path, text); err != nil {
			return err
		}
		_, _, err := o.prasan("verify", "--data", dir, "--against", to)
		return err
	}
	want, err := look(good)
	if err == nil {
		err = verify(good) // else what is found below would mean nothing
	}
	if err != nil {
		return nil, err
	}
	changed, found := 0, 0
	for range o.flips {
		text := append([]byte(nil), good...)
		text[rand.IntN(len(text))] ^= 1 << rand.IntN(8)
		if got, err := look(text); err == nil && got == want {
			continue // free space, or a page that the log has anew
		}
		changed++
		if verify(text) != nil {
			found++
		}
	}
	return []figure{{"bits changed in a live database that change a row, found", float64(found), fmt.Sprintf("of %d", changed), "all", found == changed}}, nil
}

// streamed is an installation that has copied itself.
func (o options) streamed(dir, to, keysTo string) error {
	s, err := load.Start(o.binary, "serve", "--data", dir, "--rate-limits", "off", "--backup-to", to, "--backup-keys-to", keysTo)
	if err != nil {
		return err
	}
	defer func() { _ = s.Stop() }()
	form, err := load.Prepare(s.Addr)
	if err != nil {
		return err
	}
	load.Run(s.Addr, form, 8, 3*time.Second, 0)
	time.Sleep(5 * time.Second)
	return nil
}

// sums tells what the tables of a file hold.
func sums(path string) (string, error) {
	ctx := context.Background()
	d, err := db.Open(ctx, "sqlite:"+path, db.Options{Readers: 1})
	if err != nil {
		return "", err
	}
	defer d.Close()
	var out []db.TableSum
	err = d.Read(ctx, func(tx *db.Tx) (err error) {
		out, err = db.Sums(ctx, tx, nil)
		return err
	})
	return fmt.Sprint(out), err
}
