package analytics

import "prasan/internal/db"

// placeElement is the element that the record must list for provinces and countries to
// be counted.
const placeElement = "place"

// placeOfHit is the place of a hit, which lies beside it, since few installations have it.
const placeOfHit = `COALESCE((SELECT p.place FROM usage_places p WHERE p.site = usage_hits.site AND p.at = usage_hits.at AND p.n = usage_hits.n), 0)`

// locate looks up where a visitor is, while his address is still there, and where the
// operator has a database for it and the record permits it.
func (s *Service) locate(h *Hit, c *cleaned) {
	if s.Places != nil && c.bot == "" && c.scope.Has(placeElement) {
		c.place = s.Places(h.Addr)
	}
}

func insertPlaces(tx *db.Tx, node int64, rows []row) error {
	var with []row
	for _, r := range rows {
		if r.place != 0 {
			with = append(with, r)
		}
	}
	return bulk(tx, `INSERT INTO usage_places (site, at, n, place) VALUES `, "", with, func(args []any, r *row) []any {
		return append(args, r.site, r.at, node, r.place)
	})
}

// placesOff tells why places are not counted: "database" or "record"; "" where they are.
func (s *Service) placesOff() string {
	if s.Places == nil {
		return "database"
	}
	if record := s.Record(Activity); record != nil {
		for _, l := range record.Levels {
			for _, e := range l.Elements {
				if e == placeElement {
					return ""
				}
			}
		}
	}
	return "record"
}
