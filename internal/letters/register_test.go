package letters_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"prasan/internal/db/dbtest"
	"prasan/internal/housetest"
	"prasan/internal/letters"
)

func TestARegisterIsPrintedWithItsColumnsOnEveryPage(t *testing.T) {
	s := letters.Sheet{Title: "ทะเบียนหนังสือส่ง", Lead: "สำนักงานอุตสาหกรรมจังหวัดระยอง พ.ศ. 2569", Head: []string{"เลขทะเบียนส่ง", "ที่", "ลงวันที่", "จาก", "ถึง", "เรื่อง", "การปฏิบัติ", "หมายเหตุ"}, Widths: []float64{8, 13, 11, 17, 17, 26, 13, 15}, Printed: dbtest.Start}
	for i := range 40 {
		s.Rows = append(s.Rows, []string{strconv.Itoa(i + 1), "รย 0033/" + strconv.Itoa(i+1), "24 พ.ย. 2569", "สำนักงานอุตสาหกรรมจังหวัดระยอง", "กรมโรงงานอุตสาหกรรม", "ขอส่งเรื่องร้องเรียนเกี่ยวกับกลิ่นเหม็นจากโรงงานในพื้นที่อำเภอเมืองระยอง", "ส่งแล้ว", ""})
	}
	var out bytes.Buffer
	housetest.Must(t, s.Print(&out))
	path := filepath.Join(t.TempDir(), "register.pdf")
	if dir := os.Getenv("PRASAN_LOOK"); dir != "" {
		path = filepath.Join(dir, "register.pdf")
	}
	housetest.Must(t, os.WriteFile(path, out.Bytes(), 0o600))
	text, err := exec.Command("pdftotext", "-layout", path, "-").Output()
	if err != nil {
		t.Skip("pdftotext is not installed (Debian's poppler-utils)")
	}
	pages := strings.Split(strings.TrimRight(string(text), "\f\n"), "\f")
	for i, p := range pages {
		if !strings.Contains(p, "ทะเบียนส่ง") || !strings.Contains(p, "การปฏิบัติ") {
			t.Errorf("page %d has no head", i+1)
		}
	}
	if len(pages) < 2 || !strings.Contains(string(text), "๐๐๓๓/๔๐") {
		t.Errorf("%d pages", len(pages))
	}
}
