// Package geo tells in which province of Thailand, or else in which country, an address
// is, by a database that the operator supplies (MMDB, of the form of GeoLite2 City). The
// database is in memory; of the address nothing is kept.
package geo

import (
	"net/netip"
	"os"
	"strings"

	"github.com/oschwald/maxminddb-golang/v2"
	"golang.org/x/text/language"
	"golang.org/x/text/language/display"

	"prasan/internal/errs"
	"prasan/internal/thai"
)

// Places is an open database.
type Places struct{ db *maxminddb.Reader }

// maxDatabase bounds the file, in bytes.
const maxDatabase = 512 << 20

// Open reads a database whole, so that a file that is replaced under it does no harm.
func Open(path string) (*Places, error) {
	info, err := os.Stat(path)
	if err == nil && (info.Size() > maxDatabase || info.IsDir()) {
		err = errs.New(errs.TooLarge, "error.geo-database", "path", path)
	}
	var text []byte
	if err == nil {
		text, err = os.ReadFile(path)
	}
	var db *maxminddb.Reader
	if err == nil {
		db, err = maxminddb.OpenBytes(text)
	}
	if err != nil {
		return nil, errs.Wrap(err, errs.Invalid, "error.geo-database", "path", path)
	}
	return &Places{db}, nil
}

// Home is the country of which provinces are told apart.
const Home = "TH"

// Of is the code of the place of an address by ISO 3166: "TH-21" for a province,
// "TH" where it is not known, "JP" for another country, and "" where nothing is known.
func (p *Places) Of(addr string) string {
	a, err := netip.ParseAddr(addr)
	if err != nil {
		return ""
	}
	var found struct {
		Country struct {
			Code string `maxminddb:"iso_code"`
		} `maxminddb:"country"`
		Parts []struct {
			Code string `maxminddb:"iso_code"`
		} `maxminddb:"subdivisions"`
	}
	if p.db.Lookup(a.Unmap().WithZone("")).Decode(&found) != nil || !isCountry(found.Country.Code) {
		return ""
	}
	if found.Country.Code != Home || len(found.Parts) == 0 {
		return found.Country.Code
	}
	if _, ok := province(found.Parts[0].Code); ok {
		return Home + "-" + found.Parts[0].Code
	}
	return Home
}

func isCountry(code string) bool {
	return len(code) == 2 && strings.Trim(code, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == ""
}

func province(code string) (thai.Province, bool) {
	for _, p := range thai.Provinces() {
		if p.Code == code {
			return p, true
		}
	}
	return thai.Province{}, false
}

// Name is how a place is called in a language; what is none is returned as it is.
func Name(code, lang string) string {
	if rest, ok := strings.CutPrefix(code, Home+"-"); ok {
		if p, ok := province(rest); ok {
			if lang == "th" {
				return p.TH
			}
			return p.EN
		}
	}
	region, err := language.ParseRegion(code)
	if err != nil {
		return code
	}
	names := display.English
	if lang == "th" {
		names = display.Thai
	}
	if name := names.Regions().Name(region); name != "" {
		return name
	}
	return code
}

// Code is the place that a text means: a code, or the name of a province.
func Code(text string) string {
	text = strings.TrimSpace(text)
	for _, p := range thai.Provinces() {
		if text == p.TH || strings.EqualFold(text, p.EN) {
			return Home + "-" + p.Code
		}
	}
	return strings.ToUpper(text)
}
