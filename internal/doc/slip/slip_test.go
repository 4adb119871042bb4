package slip_test

import (
	"bytes"
	"image/png"
	"os"
	"testing"
	"time"

	"prasan/internal/doc/slip"
)

var sample = map[string]slip.Slip{
	"th": {Lang: "th", Agency: "สำนักงานอุตสาหกรรมจังหวัดพระนครศรีอยุธยา", Reference: "7KD-4MX-R2P", Code: "Q4WH-8TNE-K2RV", Holder: "สำนักงานอุตสาหกรรมจังหวัดพระนครศรีอยุธยา", URL: "http://phranakhonsiayutthaya.industry.localhost:8080/th/track"},
	"en": {Lang: "en", Agency: "Office of the Permanent Secretary, Ministry of Industry", Reference: "7KD-4MX-R2P", Code: "Q4WH-8TNE-K2RV", Holder: "Office of the Permanent Secretary, Ministry of Industry", URL: "https://ops.industry.go.th/en/track"},
}

func TestTheSlipIsAPictureInBothLanguages(t *testing.T) {
	pictures := map[string][]byte{}
	for lang, s := range sample {
		s.ReceivedAt = time.Date(2026, 11, 24, 3, 15, 0, 0, time.UTC)
		s.ReplyBy = time.Date(2026, 12, 9, 9, 30, 0, 0, time.UTC)
		var out bytes.Buffer
		if err := slip.Draw(&out, s); err != nil {
			t.Fatal(err)
		}
		img, err := png.Decode(bytes.NewReader(out.Bytes()))
		if err != nil || img.Bounds().Dx() != 1080 {
			t.Fatalf("%s: %v", lang, err)
		}
		pictures[lang] = out.Bytes()
		if dir := os.Getenv("PRASAN_SLIP_DIR"); dir != "" {
			if err := os.WriteFile(dir+"/slip-"+lang+".png", out.Bytes(), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	if bytes.Equal(pictures["th"], pictures["en"]) {
		t.Error("the language makes no difference")
	}
}

func TestWhatTheSlipSaysIsInThePicture(t *testing.T) {
	draw := func(code string) []byte {
		s := sample["th"]
		s.Code = code
		var out bytes.Buffer
		if err := slip.Draw(&out, s); err != nil {
			t.Fatal(err)
		}
		return out.Bytes()
	}
	if bytes.Equal(draw("Q4WH-8TNE-K2RV"), draw("Q4WH-8TNE-K2RW")) {
		t.Error("another code gives the same picture")
	}
	if !bytes.Equal(draw("Q4WH-8TNE-K2RV"), draw("Q4WH-8TNE-K2RV")) {
		t.Error("the same receipt gives another picture")
	}
}
