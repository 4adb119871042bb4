package backup

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"

	"prasan/internal/audit"
	"prasan/internal/db"
	"prasan/internal/errs"
	"prasan/internal/jobs"
	"prasan/internal/policy"
	"prasan/internal/vault"
)

// Drill is the evidence of a restore drill: a copy was restored elsewhere, held against
// what it said of itself, checked as an installation is, and deleted again.
type Drill struct {
	ID         string    `json:"id"`
	At         time.Time `json:"at"`
	By         string    `json:"by"`
	Copy       string    `json:"copy"`
	Made       time.Time `json:"made_at" doc:"When the whole copy was made."`
	AsOf       time.Time `json:"as_of" doc:"The newest change in it and its increments."`
	Increments int       `json:"increments"`
	Tables     int       `json:"tables"`
	Rows       int64     `json:"rows" doc:"Rows that were counted and summed, in the whole copy."`
	Bytes      int64     `json:"bytes"`
	Tombstones int       `json:"tombstones" doc:"Keys that were destroyed again."`
	Seconds    float64   `json:"seconds"`
	Good       bool      `json:"good"`
	Problems   []string  `json:"problems"`
}

// Driller makes drills and keeps what they came to.
type Driller struct {
	DB     *db.DB
	Audit  *audit.Log
	Jobs   *jobs.Queue
	Signer note.Signer
	Now    func() time.Time
	// Copies finds the newest copy of the data and of the keyring.
	Copies  func(ctx context.Context) (data, keys Copy, err error)
	Wrapper func() vault.KeyWrapper
	Folder  string // in which copies are restored
	// Target gives the databases to restore to, below a folder, and how they are given back.
	Target func(ctx context.Context, folder string) (t Target, drop func(), err error)
	// Check checks a restored installation as verify does.
	Check func(ctx context.Context, t Target) ([]string, error)
}

// Register has a drill made each month.
func (d *Driller) Register(next func(time.Time) time.Time) {
	d.Jobs.Every("backup.drill", next, func(ctx context.Context, _ jobs.Job) error {
		_, err := d.Run(ctx, "system")
		if errs.As(err).Key == "error.backup-drill" {
			return nil // nothing is copied by itself; the truth page says so
		}
		return err
	})
	d.Jobs.Handle("backup.drill", func(ctx context.Context, j jobs.Job) error {
		var who string
		if err := json.Unmarshal(j.Payload, &who); err != nil {
			return err
		}
		_, err := d.Run(ctx, who)
		return err
	})
}

// Ask has a drill made by the queue.
func (d *Driller) Ask(ctx context.Context, a policy.Actor) error {
	if !policy.May(a, "copies.work", a.Agency) {
		return errs.New(errs.Forbidden, "error.forbidden")
	}
	if data, keys, err := d.Copies(ctx); err != nil {
		return err
	} else {
		data.Place.Close()
		keys.Place.Close()
	}
	return d.DB.InTx(ctx, func(tx *db.Tx) error {
		if err := d.Audit.Append(tx, audit.Event{Actor: a.Account, Action: "backup.drill-asked", Object: "backup"}); err != nil {
			return err
		}
		return d.Jobs.Enqueue(tx, "backup.drill", a.Account, jobs.Unique("backup.drill"))
	})
}

// drillPrefix begins the names of folders of drills; what a killed one left is removed.
const drillPrefix = ".drill-"

// Run makes a drill. What is wrong with a copy is the drill's result, and is kept; an
// error is what kept the drill from being made.
func (d *Driller) Run(ctx context.Context, by string) (Drill, error) {
	data, keys, err := d.Copies(ctx)
	if err != nil {
		return Drill{}, err
	}
	defer data.Place.Close()
	defer keys.Place.Close()
	folder, err := d.folder()
	if err != nil {
		return Drill{}, err
	}
	defer os.RemoveAll(folder)
	out := Drill{ID: db.NewID(), At: d.Now().UTC(), By: by, Copy: data.Name, Problems: []string{}}
	began := time.Now()
	if err := d.restore(ctx, folder, data, keys, &out); err != nil {
		if kind := errs.KindOf(err); kind != errs.Invalid && kind != errs.NotFound {
			return out, err
		}
		out.Problems = append(out.Problems, errs.As(err).Key)
	}
	out.Seconds = time.Since(began).Seconds()
	out.Good = len(out.Problems) == 0
	return out, d.keep(ctx, out)
}

func (d *Driller) folder() (string, error) {
	old, err := filepath.Glob(filepath.Join(d.Folder, drillPrefix+"*"))
	if err == nil {
		for _, path := range old {
			if info, err := os.Stat(path); err == nil && time.Since(info.ModTime()) > 24*time.Hour {
				_ = os.RemoveAll(path) // tried again at the next drill
			}
		}
	}
	path, err := os.MkdirTemp(d.Folder, drillPrefix+"*")
	if err != nil {
		return "", errs.Wrap(err, errs.Unavailable, "error.backup-write", "path", d.Folder)
	}
	return path, nil
}

func (d *Driller) restore(ctx context.Context, folder string, data, keys Copy, out *Drill) error {
	t, drop, err := d.Target(ctx, filepath.Join(folder, "restored"))
	if err != nil {
		return err
	}
	defer drop()
	t.Wrapper = d.Wrapper()
	t.AfterWhole = func(ctx context.Context, database string, r Report) error {
		out.Made, out.Tables = r.Head.Made, len(r.Tables)
		for _, x := range r.Tables {
			out.Rows += x.Rows
		}
		problems, err := compare(ctx, database, r.Tables)
		out.Problems = append(out.Problems, problems...)
		return err
	}
	done, err := t.Restore(ctx, data, keys)
	out.AsOf, out.Increments, out.Bytes, out.Tombstones = done.Data.AsOf, done.Data.Increments, done.Data.Bytes, done.Tombstones
	if err != nil {
		return err
	}
	problems, err := d.Check(ctx, t)
	out.Problems = append(out.Problems, problems...)
	return err
}

// compare counts and sums the rows of a restored database, and holds them against those
// that the copy was made of.
func compare(ctx context.Context, url string, want []db.TableSum) (problems []string, err error) {
	if len(want) == 0 {
		return []string{"the copy does not say what its tables held"}, nil
	}
	restored, err := db.Open(ctx, url, db.Options{Readers: 1, Lanes: 1})
	if err != nil {
		return nil, err
	}
	defer restored.Close()
	var got []db.TableSum
	err = restored.Read(ctx, func(tx *db.Tx) (err error) {
		got, err = db.Sums(ctx, tx, nil)
		return err
	})
	for _, w := range want {
		i := slices.IndexFunc(got, func(g db.TableSum) bool { return g.Name == w.Name })
		switch {
		case i < 0:
			problems = append(problems, fmt.Sprintf("table %s is missing", w.Name))
		case got[i].Rows != w.Rows:
			problems = append(problems, fmt.Sprintf("table %s has %d rows, not %d", w.Name, got[i].Rows, w.Rows))
		case got[i] != w:
			problems = append(problems, fmt.Sprintf("table %s has other rows than were copied", w.Name))
		}
	}
	if len(got) != len(want) {
		problems = append(problems, fmt.Sprintf("%d tables, not %d", len(got), len(want)))
	}
	return problems, err
}

const drillHeader = "prasan/drill\n"

// keep stores the signed result, and says in the audit that it was made.
func (d *Driller) keep(ctx context.Context, out Drill) error {
	text, err := json.Marshal(out)
	if err != nil {
		return err
	}
	signed, err := note.Sign(&note.Note{Text: drillHeader + string(text) + "\n"}, d.Signer)
	if err != nil {
		return err
	}
	return d.DB.InTx(context.WithoutCancel(ctx), func(tx *db.Tx) error {
		if _, err := tx.Exec(`INSERT INTO drills (id, at, account, good, report, note) VALUES ($1, $2, $3, $4, $5, $6)`, out.ID, db.Micros(out.At), out.By, out.Good, string(text), string(signed)); err != nil {
			return err
		}
		if out.Good {
			if _, err := tx.Exec(`INSERT INTO settings (name, value) VALUES ('backup.drill', $1) ON CONFLICT (name) DO UPDATE SET value = excluded.value`, out.At.Format(time.RFC3339)); err != nil {
				return err
			}
		}
		return d.Audit.Append(tx, audit.Event{Actor: out.By, Action: "backup.drill", Object: "drill:" + out.ID, Body: map[string]any{"good": out.Good, "rows": out.Rows, "problems": len(out.Problems)}})
	})
}

// Drills are the last drills, the newest first, each with its signed note.
func (d *Driller) Drills(ctx context.Context, limit int) (out []Signed, err error) {
	err = d.DB.Read(ctx, func(tx *db.Tx) error {
		out = nil
		return tx.Each(`SELECT report, note FROM drills ORDER BY at DESC, id LIMIT $1`, []any{limit}, func(rows *sql.Rows) error {
			var s Signed
			var text string
			if err := rows.Scan(&text, &s.Note); err != nil {
				return err
			}
			out = append(out, s)
			return json.Unmarshal([]byte(text), &out[len(out)-1].Drill)
		})
	})
	return out, err
}

// Signed is a drill with the note by which it is proved.
type Signed struct {
	Drill
	Note string `json:"note" doc:"Signed text, in the form of golang.org/x/mod/sumdb/note."`
}

// ReadNote opens the note of a drill; verifier says whose it must be.
func ReadNote(text []byte, verifier note.Verifier) (out Drill, err error) {
	n, err := note.Open(text, note.VerifierList(verifier))
	if err != nil {
		return out, errs.Wrap(err, errs.Invalid, "error.drill-note")
	}
	body, ok := strings.CutPrefix(n.Text, drillHeader)
	if !ok {
		return out, errs.New(errs.Invalid, "error.drill-note")
	}
	return out, json.Unmarshal([]byte(body), &out)
}
