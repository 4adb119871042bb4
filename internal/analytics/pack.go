package analytics

import (
	"cmp"
	"database/sql"
	"encoding/binary"
	"maps"
	"slices"

	"prasan/internal/db"
	"prasan/internal/errs"
)

// Totals are stored packed: the cells of a dimension of a day (or month) of a site stand
// in a few rows, each of the terms whose number begins alike, as a list in the order of
// the terms. A list costs a few bytes a cell where a row would cost thirty, a batch of
// hits changes few of them, and a report of a year reads some hundred of them.
//
// A list is, for each cell: by how much its term is larger than the one before, a byte
// that says which of its six sums are not nought, and those sums. Numbers are varints.
const partBits = 9

// block names a list; period is the number of a day or of a month.
type block struct{ site, dim, period, part int64 }

func blockOf(c cell) block { return block{c.site, c.dim, c.day, c.term >> partBits} }

// packed is a cell in a list.
type packed struct {
	term int64
	sums
}

func (x *sums) fields() [6]*int64 {
	return [...]*int64{&x.n, &x.visitors, &x.visits, &x.bounces, &x.exits, &x.total}
}

// pack writes a list in order; cells of nought are left out.
func pack(part int64, list []packed) []byte {
	b := make([]byte, 0, 8*len(list))
	last := part << partBits
	for i := range list {
		x := &list[i]
		fields, mask := x.fields(), byte(0)
		for j, f := range fields {
			if *f != 0 {
				mask |= 1 << j
			}
		}
		if mask == 0 {
			continue
		}
		b = binary.AppendUvarint(b, uint64(x.term-last))
		b = append(b, mask)
		for _, f := range fields {
			if *f != 0 {
				b = binary.AppendVarint(b, *f)
			}
		}
		last = x.term
	}
	return b
}

var errPacked = errs.New(errs.Internal, "analytics.error-packed")

// unpack calls f with each cell of a list; what it points to is good until f returns.
func unpack(part int64, b []byte, f func(term int64, x *sums)) error {
	var x sums // one for all cells: a year has many
	term := part << partBits
	for len(b) > 0 {
		by, n := binary.Uvarint(b)
		if n <= 0 || n >= len(b) {
			return errPacked
		}
		mask := b[n]
		b, term, x = b[n+1:], term+int64(by), sums{}
		for _, field := range [...]*int64{&x.n, &x.visitors, &x.visits, &x.bounces, &x.exits, &x.total} {
			if mask&1 != 0 {
				v, n := binary.Varint(b)
				if n <= 0 {
					return errPacked
				}
				*field, b = v, b[n:]
			}
			mask >>= 1
		}
		f(term, &x)
	}
	return nil
}

// addDeltas adds to the totals of days, always in one order, so that writers of several
// nodes do not wait for each other in a circle.
func addDeltas(tx *db.Tx, deltas map[cell]*sums) error {
	fresh := map[block][]packed{}
	for c, d := range deltas {
		if *d != (sums{}) {
			b := blockOf(c)
			fresh[b] = append(fresh[b], packed{c.term, *d})
		}
	}
	bodies, err := storedBodies(tx, fresh)
	if err != nil {
		return err
	}
	return saveBlocks(tx, dayTable, fresh, bodies)
}

// storedBodies are the lists that are there already, a site and day at a time.
func storedBodies(tx *db.Tx, wanted map[block][]packed) (map[block][]byte, error) {
	type siteDay struct{ site, day int64 }
	dimsOf := map[siteDay][]int64{}
	for b := range wanted {
		key := siteDay{b.site, b.period}
		if !slices.Contains(dimsOf[key], b.dim) {
			dimsOf[key] = append(dimsOf[key], b.dim)
		}
	}
	out := make(map[block][]byte, len(wanted))
	for key := range dimsOf {
		err := tx.Each(`SELECT dim, part, body FROM usage_daily WHERE site = $1 AND dim IN (`+allDims+`) AND day = $2`, []any{key.site, key.day}, func(rows rowScanner) error {
			b := block{site: key.site, period: key.day}
			var body []byte
			err := rows.Scan(&b.dim, &b.part, &body)
			if _, ok := wanted[b]; ok {
				out[b] = body
			}
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

// allDims are the numbers of all dimensions, so that the key of the table is used whole.
var allDims = func() string {
	ids := make([]int64, dims)
	for i := range ids {
		ids[i] = int64(i)
	}
	return numbers(ids)
}()

// table is where lists of a kind of period are.
type table struct{ head, tail string }

var (
	dayTable   = table{`INSERT INTO usage_daily (site, dim, day, part, body) VALUES `, ` ON CONFLICT (site, dim, day, part) DO UPDATE SET body = excluded.body`}
	monthTable = table{`INSERT INTO usage_monthly (site, dim, month, part, body) VALUES `, ` ON CONFLICT (site, dim, month, part) DO UPDATE SET body = excluded.body`}
)

// saveBlocks adds fresh cells to what the lists held before, and writes them.
func saveBlocks(tx *db.Tx, t table, fresh map[block][]packed, before map[block][]byte) error {
	blocks := slices.SortedFunc(maps.Keys(fresh), func(a, b block) int {
		return cmp.Or(cmp.Compare(a.site, b.site), cmp.Compare(a.dim, b.dim), cmp.Compare(a.period, b.period), cmp.Compare(a.part, b.part))
	})
	args := make([][]any, len(blocks))
	for i, b := range blocks {
		list, err := merged(b.part, before[b], fresh[b])
		if err != nil {
			return err
		}
		args[i] = []any{b.site, b.dim, b.period, b.part, pack(b.part, list)}
	}
	return bulk(tx, t.head, t.tail, args)
}

// merged is a list and fresh cells, in order.
func merged(part int64, body []byte, fresh []packed) ([]packed, error) {
	slices.SortFunc(fresh, func(a, b packed) int { return cmp.Compare(a.term, b.term) })
	out := make([]packed, 0, len(fresh)+len(body)/6)
	err := unpack(part, body, func(term int64, x *sums) {
		for len(fresh) > 0 && fresh[0].term < term {
			out, fresh = append(out, fresh[0]), fresh[1:]
		}
		cell := packed{term, *x}
		if len(fresh) > 0 && fresh[0].term == term {
			cell.add(fresh[0].sums)
			fresh = fresh[1:]
		}
		out = append(out, cell)
	})
	return append(out, fresh...), err
}

// eachCell calls f with every cell of a query for part and body and what stands before
// them in a row.
func eachCell(tx *db.Tx, query string, args []any, f func(period, term int64, x *sums)) error {
	var period, part int64
	var body sql.RawBytes // read before the next row comes
	each := func(term int64, x *sums) { f(period, term, x) }
	return tx.Each(query, args, func(rows rowScanner) error {
		if err := rows.Scan(&period, &part, &body); err != nil {
			return err
		}
		return unpack(part, body, each)
	})
}
