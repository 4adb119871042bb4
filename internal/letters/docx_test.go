package letters_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"prasan/internal/db/dbtest"
	"prasan/internal/housetest"
	"prasan/internal/letters"
)

// LibreOffice opens the document and reads what the letter says.
func TestTheDocumentOpensInAWordProcessor(t *testing.T) {
	if _, err := exec.LookPath("soffice"); err != nil {
		t.Skip("soffice is not installed (Debian's libreoffice-writer)")
	}
	o := newOffice(t, dbtest.SQLite(t))
	dir := t.TempDir()
	if look := os.Getenv("PRASAN_LOOK"); look != "" {
		dir = look
	}
	var paths []string
	for _, k := range letters.Kinds {
		w := writing()
		w.Kind = k
		l, err := o.Draft(ctx, drafter, w)
		housetest.Must(t, err)
		if k == letters.External {
			_, err = o.Classify(ctx, head, l.ID, letters.Confidential)
			housetest.Must(t, err)
		}
		file, err := o.DOCX(ctx, head, l.ID)
		housetest.Must(t, err)
		paths = append(paths, filepath.Join(dir, string(k)+".docx"))
		housetest.Must(t, os.WriteFile(paths[len(paths)-1], file, 0o600))
	}
	args := append([]string{"-env:UserInstallation=file://" + t.TempDir(), "--headless", "--convert-to", "pdf", "--outdir", dir + "/office"}, paths...)
	if out, err := exec.Command("soffice", args...).CombinedOutput(); err != nil {
		t.Fatalf("soffice: %v\n%s", err, out)
	}
	for _, k := range letters.Kinds {
		out, err := exec.Command("pdftotext", "-layout", filepath.Join(dir, "office", string(k)+".pdf"), "-").Output()
		if err != nil {
			t.Skip("pdftotext is not installed (Debian's poppler-utils)")
		}
		flat := strings.Join(strings.Fields(string(out)), "")
		for _, want := range []string{"อธิบดีกรมโรงงานอุตสาหกรรม", "จึงเรียนมาเพื่อโปรดพิจารณา", "มาบตาพุด"} {
			if !strings.Contains(flat, want) {
				t.Errorf("%s does not say %q:\n%s", k, want, out)
			}
		}
		if k == letters.External && strings.Count(flat, "ลับ") < 2 {
			t.Errorf("the class is not marked above and below: %s", out)
		}
	}
}
