package svg_test

import (
	"bytes"
	"encoding/xml"
	"io"
	"math"
	"strings"
	"testing"

	"prasan/internal/doc/svg"
)

func wellFormed(t *testing.T, text string) {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(text))
	for {
		_, err := d.Token()
		if err == io.EOF {
			return
		}
		if err != nil {
			t.Fatalf("%v: %s", err, text)
		}
	}
}

func TestAChartIsWellFormedAndNamed(t *testing.T) {
	for name, values := range map[string][]float64{"none": nil, "one": {5}, "many": {0, 3, math.NaN(), 1200, 7}, "nought": {0, 0}} {
		var b bytes.Buffer
		c := svg.Line{ID: "c", Title: `<script>"&`, Desc: "d", Labels: make([]string, len(values)), Series: []svg.Series{{Values: values}, {Values: values}}, Marks: []svg.Mark{{At: 1, Text: "<b>"}, {At: 99}}}
		if err := c.Write(&b); err != nil {
			t.Fatal(err)
		}
		wellFormed(t, b.String())
		if strings.Contains(b.String(), "<script>") || !strings.Contains(b.String(), "<title id=") || strings.Contains(b.String(), "NaN") || strings.Contains(b.String(), "style=") {
			t.Errorf("%s: %s", name, b.String())
		}
	}
	var b bytes.Buffer
	if err := (svg.Columns{ID: "c", Labels: []string{"a"}, Values: []float64{1, 2}}).Write(&b); err != nil {
		t.Fatal(err)
	}
	wellFormed(t, b.String())
	wellFormed(t, svg.Bar(2))
}

func TestTicksAreRound(t *testing.T) {
	for v, want := range map[float64]float64{0: 4, 3: 4, 5: 8, 17: 20, 412: 600, 999: 1000, 1200: 1200, 38000: 40000} {
		if got := svg.Ceil(v); got != want {
			t.Errorf("%v: %v, not %v", v, got, want)
		}
	}
	for v, want := range map[float64]string{0: "0", 250: "250", 1250: "1,250", 45000: "45k", 3500000: "3.5M"} {
		if got := svg.Short(v); got != want {
			t.Errorf("%v: %q, not %q", v, got, want)
		}
	}
}
