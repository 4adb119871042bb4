// Package geotest writes small databases of places for tests, by the published format
// (MaxMind DB File Format Specification 2.0): IPv4 networks, records of 24 bits.
package geotest

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"slices"
)

// Write makes a database of networks and their places, "TH-21" or "JP".
func Write(places map[string]string) []byte {
	tree := [][2]int{{-1, -1}} // -1 is nowhere; below it, -2-n is data at n; else a node
	var data bytes.Buffer
	var networks []string
	for n := range places {
		networks = append(networks, n)
	}
	slices.Sort(networks)
	for _, n := range networks {
		p := netip.MustParsePrefix(n)
		at := data.Len()
		place(&data, places[n])
		addr := p.Addr().As4()
		node := 0
		for i := range p.Bits() {
			bit := addr[i/8] >> (7 - i%8) & 1
			if i == p.Bits()-1 {
				tree[node][bit] = -2 - at
				break
			}
			if tree[node][bit] < 0 {
				tree = append(tree, [2]int{-1, -1})
				tree[node][bit] = len(tree) - 1
			}
			node = tree[node][bit]
		}
	}
	var out bytes.Buffer
	for _, pair := range tree {
		for _, to := range pair {
			v := to
			switch {
			case to == -1:
				v = len(tree)
			case to < -1:
				v = len(tree) + 16 + (-2 - to)
			}
			out.Write([]byte{byte(v >> 16), byte(v >> 8), byte(v)})
		}
	}
	out.Write(make([]byte, 16))
	out.Write(data.Bytes())
	out.WriteString("\xab\xcd\xefMaxMind.com")
	metadata(&out, len(tree))
	return out.Bytes()
}

// Types of the format that are written here.
const (
	typeText  = 2
	typeUint2 = 5
	typeUint4 = 6
	typeMap   = 7
	typeUint8 = 9
	typeList  = 11
)

func control(b *bytes.Buffer, kind, size int) {
	if kind > 7 {
		b.Write([]byte{byte(size), byte(kind - 7)})
		return
	}
	b.WriteByte(byte(kind<<5 | size))
}

func text(b *bytes.Buffer, s string) {
	control(b, typeText, len(s))
	b.WriteString(s)
}

func number(b *bytes.Buffer, kind, width int, n uint64) {
	control(b, kind, width)
	var all [8]byte
	binary.BigEndian.PutUint64(all[:], n)
	b.Write(all[8-width:])
}

func place(b *bytes.Buffer, code string) {
	country, part := code, ""
	if len(code) > 3 {
		country, part = code[:2], code[3:]
	}
	size := 1
	if part != "" {
		size = 2
	}
	control(b, typeMap, size)
	text(b, "country")
	control(b, typeMap, 1)
	text(b, "iso_code")
	text(b, country)
	if part == "" {
		return
	}
	text(b, "subdivisions")
	control(b, typeList, 1)
	control(b, typeMap, 1)
	text(b, "iso_code")
	text(b, part)
}

func metadata(b *bytes.Buffer, nodes int) {
	control(b, typeMap, 9)
	text(b, "binary_format_major_version")
	number(b, typeUint2, 2, 2)
	text(b, "binary_format_minor_version")
	number(b, typeUint2, 2, 0)
	text(b, "build_epoch")
	number(b, typeUint8, 8, 1_764_000_000)
	text(b, "database_type")
	text(b, "Prasan-Test-City")
	text(b, "description")
	control(b, typeMap, 0)
	text(b, "ip_version")
	number(b, typeUint2, 2, 4)
	text(b, "languages")
	control(b, typeList, 0)
	text(b, "node_count")
	number(b, typeUint4, 4, uint64(nodes))
	text(b, "record_size")
	number(b, typeUint2, 2, 24)
}
