package analytics

import (
	"cmp"
	"database/sql"
	"encoding/binary"
	"maps"
	"math/bits"
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

func (a *sums) fields() [6]*int64 {
	return [...]*int64{&a.n, &a.visitors, &a.visits, &a.bounces, &a.exits, &a.total}
}

// packer is a list that is being written, in the order of its terms; cells of nought are left out.
type packer struct {
	body []byte
	last int64 // term
}

func newPacker(part int64, size int) *packer {
	return &packer{make([]byte, 0, size), part << partBits}
}

func (p *packer) put(term int64, x *sums) {
	fields, mask := x.fields(), byte(0)
	for i, f := range fields {
		if *f != 0 {
			mask |= 1 << i
		}
	}
	if mask == 0 {
		return
	}
	p.body = append(binary.AppendUvarint(p.body, uint64(term-p.last)), mask)
	for _, f := range fields {
		if *f != 0 {
			p.body = binary.AppendVarint(p.body, *f)
		}
	}
	p.last = term
}

// copy puts a cell as it stands in another list, its mask and sums.
func (p *packer) copy(term int64, cell []byte) {
	p.body = append(binary.AppendUvarint(p.body, uint64(term-p.last)), cell...)
	p.last = term
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
	days := map[siteDay]bool{}
	for b := range wanted {
		days[siteDay{b.site, b.period}] = true
	}
	out := make(map[block][]byte, len(wanted))
	for key := range days {
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
	bodies := make(map[block][]byte, len(blocks))
	for _, b := range blocks {
		var err error
		if bodies[b], err = merged(b.part, before[b], fresh[b]); err != nil {
			return err
		}
	}
	return bulk(tx, t.head, t.tail, blocks, func(args []any, b *block) []any {
		return append(args, b.site, b.dim, b.period, b.part, bodies[*b])
	})
}

// merged is a list with fresh cells added. Most of a list is as it was: what no fresh cell
// touches is not read, but copied.
func merged(part int64, body []byte, fresh []packed) ([]byte, error) {
	slices.SortFunc(fresh, func(a, b packed) int { return cmp.Compare(a.term, b.term) })
	out, term := newPacker(part, len(body)+10*len(fresh)), part<<partBits
	for len(body) > 0 {
		by, n := binary.Uvarint(body)
		if n <= 0 {
			return nil, errPacked
		}
		term += int64(by)
		cell := cellOf(body[n:])
		if cell == nil {
			return nil, errPacked
		}
		body = body[n+len(cell):]
		for ; len(fresh) > 0 && fresh[0].term < term; fresh = fresh[1:] {
			out.put(fresh[0].term, &fresh[0].sums)
		}
		if len(fresh) == 0 || fresh[0].term != term {
			out.copy(term, cell)
			continue
		}
		if !fresh[0].addCell(cell) {
			return nil, errPacked
		}
		out.put(term, &fresh[0].sums)
		fresh = fresh[1:]
	}
	for i := range fresh {
		out.put(fresh[i].term, &fresh[i].sums)
	}
	return out.body, nil
}

// cellOf is the cell at the beginning of b without its term; nil where it is not whole.
func cellOf(b []byte) []byte {
	if len(b) == 0 {
		return nil
	}
	left := bits.OnesCount8(b[0])
	for i := 1; left > 0; i++ {
		if i == len(b) {
			return nil
		}
		if b[i] < 0x80 { // the last byte of a number
			left--
		}
		if left == 0 {
			return b[:i+1]
		}
	}
	return nil // no cell is without a sum
}

// addCell adds the sums of a cell as it stands in a list.
func (a *sums) addCell(cell []byte) bool {
	mask, rest := cell[0], cell[1:]
	for _, f := range a.fields() {
		if mask&1 != 0 {
			v, n := binary.Varint(rest)
			if n <= 0 {
				return false
			}
			*f += v
			rest = rest[n:]
		}
		mask >>= 1
	}
	return true
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
