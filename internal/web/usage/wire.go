package usage

import (
	"bytes"
	"encoding/json"
	"strconv"
)

// read understands a hit. What nearly all are, an object of plain texts and a number, is
// read without reflection; whatever else is left to encoding/json, which decides.
func (x *wire) read(body []byte) bool {
	if x.plain(body) {
		return true
	}
	*x = wire{}
	return json.Unmarshal(body, x) == nil
}

// plain reads {"name":"text","w":number,...} without escapes, and gives up on all else.
func (x *wire) plain(body []byte) bool {
	s := scanner{body}
	if !s.take('{') {
		return false
	}
	for {
		name, ok := s.text()
		if !ok || !s.take(':') {
			return false
		}
		if string(name) == "w" {
			x.Width, ok = s.number()
		} else if into := x.field(name); into != nil {
			var value []byte
			value, ok = s.text()
			*into = string(value)
		} else {
			return false
		}
		if !ok {
			return false
		}
		if s.take('}') {
			s.blank()
			return len(s.rest) == 0
		}
		if !s.take(',') {
			return false
		}
	}
}

func (x *wire) field(name []byte) *string {
	switch string(name) {
	case "n":
		return &x.Name
	case "u":
		return &x.URL
	case "r":
		return &x.Referrer
	case "t":
		return &x.Title
	}
	return nil
}

type scanner struct{ rest []byte }

func (s *scanner) blank() { s.rest = bytes.TrimLeft(s.rest, " \t\r\n") }

func (s *scanner) take(c byte) bool {
	s.blank()
	if len(s.rest) == 0 || s.rest[0] != c {
		return false
	}
	s.rest = s.rest[1:]
	return true
}

// text reads a string that has no escape in it.
func (s *scanner) text() ([]byte, bool) {
	if !s.take('"') {
		return nil, false
	}
	for i, c := range s.rest {
		switch {
		case c == '"':
			t := s.rest[:i]
			s.rest = s.rest[i+1:]
			return t, true
		case c == '\\' || c < ' ':
			return nil, false
		}
	}
	return nil, false
}

// number reads a whole number of a few digits.
func (s *scanner) number() (float64, bool) {
	s.blank()
	n := 0
	for n < len(s.rest) && s.rest[n] >= '0' && s.rest[n] <= '9' {
		n++
	}
	if n == 0 || n > 9 || n > 1 && s.rest[0] == '0' {
		return 0, false
	}
	v, err := strconv.Atoi(string(s.rest[:n]))
	s.rest = s.rest[n:]
	return float64(v), err == nil
}
