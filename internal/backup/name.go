package backup

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"prasan/internal/backup/place"
	"prasan/internal/db"
	"prasan/internal/errs"
)

const stampForm = "20060102T150405Z"

// ending is that of the files of a kind.
func ending(kind string) string {
	if kind == Keys {
		return ".keys"
	}
	return ""
}

// WholeName is the name of a whole copy made at a moment.
func WholeName(kind string, at time.Time) string {
	return "prasan-" + at.UTC().Format(stampForm) + ".prasan" + ending(kind)
}

var whole = regexp.MustCompile(`^prasan-(\d{8}T\d{6}Z)\.prasan(\.keys)?$`)

// madeAt is the moment in the name of a whole copy.
func madeAt(name, kind string) (time.Time, bool) {
	m := whole.FindStringSubmatch(name)
	if m == nil || m[2] != ending(kind) {
		return time.Time{}, false
	}
	at, err := time.Parse(stampForm, m[1])
	return at, err == nil
}

// increment is a file with what was committed after a whole copy.
type increment struct {
	Part
	name string
	at   time.Time
}

func stem(base string) string {
	return strings.TrimSuffix(strings.TrimSuffix(base, ".keys"), ".prasan")
}

func (i increment) named(kind string) string {
	what := fmt.Sprintf("%04d.%08d-%08d", i.Log, i.From, i.To)
	if i.Files > 0 {
		what = fmt.Sprintf("files.%06d", i.Files)
	}
	return stem(i.Base) + "." + what + "." + i.at.UTC().Format(stampForm) + ".inc" + ending(kind)
}

var incremental = regexp.MustCompile(`^(?:(\d{4,})\.(\d{8,})-(\d{8,})|files\.(\d{6,}))\.(\d{8}T\d{6}Z)\.inc(\.keys)?$`)

// incrementsOf are the increments of a whole copy among the files of its place.
func incrementsOf(items []place.Item, base, kind string) (pages, files []increment) {
	for _, item := range items {
		rest, ok := strings.CutPrefix(item.Name, stem(base)+".")
		m := incremental.FindStringSubmatch(rest)
		if !ok || m == nil || m[6] != ending(kind) {
			continue
		}
		var n [4]int
		for k := range n {
			n[k], _ = strconv.Atoi(m[k+1]) // digits, or nothing
		}
		at, err := time.Parse(stampForm, m[5])
		if err != nil {
			continue
		}
		i := increment{Part{Base: base, Log: n[0], From: n[1], To: n[2], Files: n[3]}, item.Name, at}
		if i.Files > 0 {
			files = append(files, i)
		} else {
			pages = append(pages, i)
		}
	}
	slices.SortFunc(files, func(a, b increment) int { return cmp.Compare(a.Files, b.Files) })
	return pages, files
}

// chain are the increments that lead on from a moment of a log, each the one that leads
// furthest. Those that are not reached, because one before them is missing, are left.
func chain(pages []increment, frame int, until time.Time) (way []increment, gap bool) {
	log, used := 0, map[string]bool{}
	for {
		var best *increment
		for i := range pages {
			p := &pages[i]
			if !until.IsZero() && p.at.After(until) {
				continue
			}
			if p.Log == log && p.From <= frame && p.To > frame && (best == nil || p.To > best.To) {
				best = p
			}
		}
		if best == nil { // the next log, if this one is at its end
			for i := range pages {
				p := &pages[i]
				if (until.IsZero() || !p.at.After(until)) && p.Log == log+1 && p.From == 0 && (best == nil || p.To > best.To) {
					best = p
				}
			}
		}
		if best == nil {
			break
		}
		log, frame = best.Log, best.To
		used[best.name] = true
		way = append(way, *best)
	}
	for _, p := range pages {
		if (until.IsZero() || !p.at.After(until)) && (p.Log > log || p.Log == log && p.To > frame) {
			return way, true
		}
	}
	return way, false
}

// Copy is a whole copy at a place, with its increments.
type Copy struct {
	Place place.Place
	Name  string
}

func (c Copy) String() string { return c.Place.String() + "/" + c.Name }

// Find finds a copy by an address: a file, or a place, of which the one that leads furthest is taken.
func Find(ctx context.Context, address, kind string, o place.Options) (Copy, error) {
	where, name := address, ""
	if base := path.Base(address); whole.MatchString(base) {
		where, name = strings.TrimSuffix(address, "/"+base), base
	}
	if !place.Remote(address) {
		if info, err := os.Stat(address); err == nil && !info.IsDir() {
			where, name = filepath.Dir(address), filepath.Base(address)
		} else if err != nil {
			return Copy{}, errs.Wrap(err, errs.NotFound, "error.backup-missing", "path", address)
		}
	}
	p, err := place.Open(where, o)
	if err != nil || name != "" {
		return Copy{p, name}, err
	}
	if name, err = furthest(ctx, p, kind); err != nil {
		p.Close()
		return Copy{}, err
	}
	return Copy{p, name}, nil
}

// furthest is the whole copy that leads furthest with its increments: one that was made by
// hand is not continued, and may be newer than the one that is.
func furthest(ctx context.Context, p place.Place, kind string) (name string, err error) {
	all, err := wholes(ctx, p, kind)
	if err == nil && len(all) == 0 {
		err = errs.New(errs.NotFound, "error.backup-none", "path", p.String())
	}
	if err != nil {
		return "", err
	}
	items, err := p.List(ctx)
	var best time.Time
	for _, w := range all {
		reach := w.made
		pages, files := incrementsOf(items, w.name, kind)
		for _, i := range append(pages, files...) {
			if i.at.After(reach) {
				reach = i.at
			}
		}
		if !reach.Before(best) {
			name, best = w.name, reach
		}
	}
	return name, err
}

// wholeCopy is a whole copy that is at a place.
type wholeCopy struct {
	name string
	made time.Time
	size int64
}

// wholes are the whole copies of a place, the oldest first.
func wholes(ctx context.Context, p place.Place, kind string) (out []wholeCopy, err error) {
	items, err := p.List(ctx)
	for _, i := range items {
		if at, ok := madeAt(i.Name, kind); ok {
			out = append(out, wholeCopy{i.Name, at, i.Size})
		}
	}
	slices.SortFunc(out, func(a, b wholeCopy) int { return a.made.Compare(b.made) })
	return out, err
}

// Prune deletes copies that were made before a moment, with their increments; the newest
// stays in any case.
func Prune(ctx context.Context, p place.Place, kind string, before time.Time) (n int, err error) {
	if err := place.Sweep(ctx, p); err != nil {
		return 0, err
	}
	all, err := wholes(ctx, p, kind)
	if err != nil || len(all) < 2 {
		return 0, err
	}
	items, err := p.List(ctx)
	if err != nil {
		return 0, err
	}
	for _, w := range all[:len(all)-1] {
		if !w.made.Before(before) {
			continue
		}
		pages, files := incrementsOf(items, w.name, kind)
		// The whole copy goes last: as long as it is there, the rest is found again.
		for _, i := range append(pages, files...) {
			if err := p.Delete(ctx, i.name); err != nil {
				return n, err
			}
		}
		if err := p.Delete(ctx, w.name); err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}

// MadeCopy is a whole copy, as it was noted when it was made.
type MadeCopy struct {
	Kind    string    `json:"kind" enum:"data,keys"`
	Name    string    `json:"name"`
	Made    time.Time `json:"made_at"`
	Bytes   int64     `json:"bytes"`
	Entries int64     `json:"entries"`
}

// State says how copying stands.
type State struct {
	To      bool       `json:"data_copied" doc:"A place is set to which the data is copied by itself."`
	KeysTo  bool       `json:"keys_copied"`
	AsOf    *time.Time `json:"as_of,omitempty" doc:"Everything committed until then has been copied."`
	Failing string     `json:"failing,omitempty" doc:"Why copying has stopped; it is tried again by itself."`
	Copies  []MadeCopy `json:"copies" doc:"Whole copies that were made, the newest first."`
}

// Made are the copies that were made, the newest first.
func Made(ctx context.Context, d *db.DB, limit int) (out []MadeCopy, err error) {
	err = d.Read(ctx, func(tx *db.Tx) error {
		out = []MadeCopy{}
		return tx.Each(`SELECT kind, name, made_at, bytes, entries FROM copies ORDER BY made_at DESC, kind LIMIT $1`, []any{limit}, func(rows *sql.Rows) error {
			var c MadeCopy
			var at int64
			err := rows.Scan(&c.Kind, &c.Name, &at, &c.Bytes, &c.Entries)
			c.Made = db.Time(at)
			out = append(out, c)
			return err
		})
	})
	return out, err
}
