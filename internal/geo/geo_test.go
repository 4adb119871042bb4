package geo_test

import (
	"os"
	"path/filepath"
	"testing"

	"prasan/internal/errs"
	"prasan/internal/geo"
	"prasan/internal/geo/geotest"
)

func write(t *testing.T, text []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "places.mmdb")
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestAnAddressIsAProvinceOrACountry(t *testing.T) {
	p, err := geo.Open(write(t, geotest.Write(map[string]string{"203.0.113.0/25": "TH-21", "203.0.113.128/25": "TH-10", "198.51.100.0/24": "JP", "192.0.2.0/24": "TH-XX", "100.0.0.0/8": "x1"})))
	if err != nil {
		t.Fatal(err)
	}
	for addr, want := range map[string]string{"203.0.113.9": "TH-21", "203.0.113.200": "TH-10", "::ffff:203.0.113.9": "TH-21", "198.51.100.1": "JP", "192.0.2.1": "TH", "100.1.1.1": "", "8.8.8.8": "", "2001:db8::1": "", "": "", "GA1.2": ""} {
		if got := p.Of(addr); got != want {
			t.Errorf("%s is in %q, not %q", addr, got, want)
		}
	}
}

func TestPlacesHaveNames(t *testing.T) {
	for _, x := range [][3]string{{"TH-21", "ระยอง", "Rayong"}, {"JP", "ญี่ปุ่น", "Japan"}, {"TH", "ไทย", "Thailand"}, {"??", "??", "??"}} {
		if th, en := geo.Name(x[0], "th"), geo.Name(x[0], "en"); th != x[1] || en != x[2] {
			t.Errorf("%s: %s, %s", x[0], th, en)
		}
	}
	for text, want := range map[string]string{"ระยอง": "TH-21", "rayong": "TH-21", "th-21": "TH-21", " jp ": "JP"} {
		if got := geo.Code(text); got != want {
			t.Errorf("%q means %s", text, got)
		}
	}
}

func TestWhatIsNoDatabaseIsRefused(t *testing.T) {
	whole := geotest.Write(map[string]string{"203.0.113.0/24": "TH-21"})
	for name, path := range map[string]string{"none": "/nowhere.mmdb", "a folder": t.TempDir(), "text": write(t, []byte("hello")), "empty": write(t, nil), "broken off": write(t, whole[:len(whole)-40])} {
		if _, err := geo.Open(path); errs.KindOf(err) != errs.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
}
