package analytics

import (
	"cmp"
	"encoding/binary"
	"slices"
)

// A sheet holds the hits of a site and day column by column. Each column is the list of
// the values that occur, and for each hit the place of its value in that list, in as few
// bytes as the list allows. A filter looks at the list, and then at small numbers.
//
// It stands in the database in up to three parts, by who reads them: what reports count,
// what tells hits and visitors apart, and cookies, where there are any.
const (
	partFigures = iota // the columns of figures, and the visitor of each hit by his place among partMoments' ids
	partMoments        // moments, levels, nodes, and the ids of the day's visitors
	partCookies        // of visitors who consented to one
	sheetParts
)

// Columns of figures, in the order in which they are stored; add at the end.
const (
	colName = iota
	colPage
	colSource
	colCampaign
	colProfile
	colLabel
	colPlace
	colBot
	colValue
	sheetFigures
)

// momentColumns stand before the ids of visitors: moment, level, node.
const momentColumns = 3

func (r *row) figures() [sheetFigures]*int64 {
	return [...]*int64{&r.name, &r.page, &r.source, &r.campaign, &r.profile, &r.label, &r.place, &r.bot, &r.value}
}

// sheetColumns are the columns of figures by what they are called in the rows of hits.
var sheetColumns = map[string]int{"name": colName, "page": colPage, "source": colSource, "campaign": colCampaign, "profile": colProfile, "label": colLabel, placeOfHit: colPlace, "bot": colBot}

// byMoment is the order of hits, in which they were counted.
func byMoment(a, b row) int { return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.n, b.n)) }

// sheetOf writes hits of a site and day, which are in their order; part by part, nil for
// a part that is not needed.
func sheetOf(rows []row) (parts [sheetParts][]byte) {
	values := make([]int64, len(rows))
	column := func(of func(r *row) int64) []int64 {
		for i := range rows {
			values[i] = of(&rows[i])
		}
		return values
	}
	head := binary.AppendUvarint(nil, uint64(len(rows)))
	figures, moments := slices.Clone(head), head
	for c := range sheetFigures {
		figures = appendLong(figures, packColumn(column(func(r *row) int64 { return *r.figures()[c] })))
	}
	visitors := column(func(r *row) int64 { return r.visitor })
	ids := distinct(visitors)
	if len(ids) > 0 && ids[0] == 0 {
		ids = ids[1:]
	}
	figures = appendLong(figures, packVisitors(visitors, ids))
	moments = appendLong(moments, packRising(column(func(r *row) int64 { return r.at })))
	moments = appendLong(moments, packColumn(column(func(r *row) int64 { return r.level })))
	moments = appendLong(moments, packColumn(column(func(r *row) int64 { return r.n })))
	for _, id := range ids {
		moments = binary.LittleEndian.AppendUint64(moments, uint64(id))
	}
	parts = [...][]byte{partFigures: figures, partMoments: moments, partCookies: nil}
	if cookies := column(func(r *row) int64 { return r.cookie }); slices.ContainsFunc(cookies, func(c int64) bool { return c != 0 }) {
		parts[partCookies] = packColumn(cookies)
	}
	return parts
}

func appendLong(b, part []byte) []byte {
	return append(binary.AppendUvarint(b, uint64(len(part))), part...)
}

func distinct(values []int64) []int64 {
	list := slices.Clone(values)
	slices.Sort(list)
	return slices.Compact(list)
}

// packColumn is a list of values in their order, as differences, and the places in it.
func packColumn(values []int64) []byte {
	list := distinct(values)
	b := binary.AppendUvarint(nil, uint64(len(list)))
	last := int64(0)
	for i, v := range list {
		if i == 0 {
			b = binary.AppendVarint(b, v)
		} else {
			b = binary.AppendUvarint(b, uint64(v-last))
		}
		last = v
	}
	place := placesIn(list)
	for _, v := range values {
		b = appendCode(b, len(list), place[v])
	}
	return b
}

func placesIn(list []int64) map[int64]int {
	place := make(map[int64]int, len(list))
	for i, v := range list {
		place[v] = i
	}
	return place
}

// packVisitors is how many there are, and for each hit 0 or the place of its visitor,
// counted from 1.
func packVisitors(values, ids []int64) []byte {
	b := binary.AppendUvarint(nil, uint64(len(ids)))
	place := placesIn(ids)
	for _, v := range values {
		code := 0
		if v != 0 {
			code = place[v] + 1
		}
		b = appendCode(b, len(ids)+1, code)
	}
	return b
}

func packRising(values []int64) []byte {
	b, last := make([]byte, 0, 4*len(values)), int64(0)
	for _, v := range values {
		b = binary.AppendVarint(b, v-last)
		last = v
	}
	return b
}

// codeWidth is in how many bytes a place in a list of n stands.
func codeWidth(n int) int {
	switch {
	case n <= 1:
		return 0
	case n <= 1<<8:
		return 1
	case n <= 1<<16:
		return 2
	}
	return 4
}

func appendCode(b []byte, n, code int) []byte {
	switch codeWidth(n) {
	case 0:
		return b
	case 1:
		return append(b, byte(code))
	case 2:
		return binary.LittleEndian.AppendUint16(b, uint16(code))
	}
	return binary.LittleEndian.AppendUint32(b, uint32(code))
}

// column is one as it is read: its list, and where the places of the hits begin.
type column struct {
	list  []int64
	codes []byte
	width int
}

// at is the place of a hit's value in the list.
func (c *column) at(i int) int {
	switch c.width {
	case 0:
		return 0
	case 1:
		return int(c.codes[i])
	case 2:
		return int(binary.LittleEndian.Uint16(c.codes[2*i:]))
	}
	return int(binary.LittleEndian.Uint32(c.codes[4*i:]))
}

// sound tells whether there is a place for each of n hits, and each in a list of m.
func (c *column) sound(n, m int) bool {
	c.width = codeWidth(m)
	if len(c.codes) != n*c.width || m == 0 && n > 0 {
		return false
	}
	if c.width == 1 {
		largest := byte(0)
		for _, code := range c.codes {
			largest = max(largest, code)
		}
		return int(largest) < m
	}
	for i := range n {
		if c.at(i) >= m {
			return false
		}
	}
	return true
}

// readColumn reads what packColumn wrote of n hits; into is used again for the list.
func readColumn(b []byte, n int, into []int64) (c column, err error) {
	r := entryReader{rest: b}
	c.list, c.codes = r.list(into), r.rest
	if r.bad || !c.sound(n, len(c.list)) {
		return c, errPacked
	}
	return c, nil
}

// list is the list of a column.
func (r *entryReader) list(into []int64) []int64 {
	m := r.count()
	if m > uint64(len(r.rest)) {
		r.bad, r.rest = true, nil
		return nil
	}
	out, v := into[:0], int64(0)
	for i := range m {
		if i == 0 {
			v = r.number()
		} else {
			v += int64(r.count())
		}
		out = append(out, v)
	}
	return out
}

// readVisitors reads what packVisitors wrote of n hits.
func readVisitors(b []byte, n int) (c column, visitors int, err error) {
	r := entryReader{rest: b}
	visitors = int(r.count())
	c.codes = r.rest
	if r.bad || visitors < 0 || visitors > n || !c.sound(n, visitors+1) {
		return c, 0, errPacked
	}
	return c, visitors, nil
}

// sheetHits are how many hits a part holds, and the rest of it.
func sheetHits(body []byte) (n int, r entryReader, err error) {
	r = entryReader{rest: body}
	n = int(r.count())
	if r.bad || n < 0 || n > maxSheet {
		return 0, r, errPacked
	}
	return n, r, nil
}

func (r *entryReader) long() []byte {
	n := r.count()
	if n > uint64(len(r.rest)) {
		r.bad, r.rest = true, nil
		return nil
	}
	b := r.rest[:n]
	r.rest = r.rest[n:]
	return b
}

// rowsOf are the hits of a sheet again, as sheetOf took them.
func rowsOf(site int64, parts [sheetParts][]byte) ([]row, error) {
	n, figures, err := sheetHits(parts[partFigures])
	if err != nil {
		return nil, err
	}
	rows := make([]row, n)
	fill := func(b []byte, into func(r *row) *int64) error {
		c, err := readColumn(b, n, nil)
		for i := range rows {
			if err != nil {
				return err
			}
			*into(&rows[i]) = c.list[c.at(i)]
		}
		return err
	}
	for i := range rows {
		rows[i].site = site
	}
	for c := range sheetFigures {
		if err := fill(figures.long(), func(r *row) *int64 { return r.figures()[c] }); err != nil {
			return nil, err
		}
	}
	if err := fillMoments(rows, figures.long(), parts[partMoments], fill); err != nil {
		return nil, err
	}
	if parts[partCookies] == nil {
		return rows, nil
	}
	return rows, fill(parts[partCookies], func(r *row) *int64 { return &r.cookie })
}

func fillMoments(rows []row, visitors, moments []byte, fill func([]byte, func(*row) *int64) error) error {
	n, r, err := sheetHits(moments)
	if err != nil {
		return err
	}
	if n != len(rows) {
		return errPacked
	}
	at, rising := int64(0), entryReader{rest: r.long()}
	for i := range rows {
		at += rising.number()
		rows[i].at = at
	}
	if err := fill(r.long(), func(r *row) *int64 { return &r.level }); err != nil {
		return err
	}
	if err := fill(r.long(), func(r *row) *int64 { return &r.n }); err != nil {
		return err
	}
	c, many, err := readVisitors(visitors, n)
	ids := idsOf(r.rest)
	if err != nil {
		return err
	}
	if rising.bad || r.bad || len(ids) != many {
		return errPacked
	}
	for i := range rows {
		if code := c.at(i); code > 0 {
			rows[i].visitor = ids[code-1]
		}
	}
	return nil
}

// idsOf are the numbers that stand in eight bytes each.
func idsOf(b []byte) []int64 {
	out := make([]int64, len(b)/8)
	for i := range out {
		out[i] = int64(binary.LittleEndian.Uint64(b[8*i:]))
	}
	return out
}
