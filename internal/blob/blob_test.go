package blob_test

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"pgregory.net/rapid"

	"prasan/internal/blob"
	"prasan/internal/clock"
	"prasan/internal/errs"
)

var ctx = context.Background()

func open(t *testing.T) (*blob.Files, *clock.Fixed, string) {
	t.Helper()
	dir := t.TempDir()
	store, err := blob.NewFolder(dir)
	if err != nil {
		t.Fatal(err)
	}
	c := clock.NewFixed(time.Now())
	return blob.New(store, c.Now), c, dir
}

// fault is the message key of an input error of the attachment field.
func fault(err error) string {
	if err == nil {
		return ""
	}
	e := errs.As(err)
	if len(e.Fields) == 1 && e.Fields[0].Name == "attachment" {
		return e.Fields[0].Key
	}
	return "!" + e.Key
}

func onDisk(t *testing.T, dir string) (paths []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			paths = append(paths, p)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return paths
}

func TestAFileComesBackAsItWasAndNothingOfItIsReadOnTheDisk(t *testing.T) {
	for _, size := range []int{6, 65535, 65536, 65537, 2 * 65536, 3<<16 + 17, blob.MaxFile} {
		files, _, dir := open(t)
		content := make([]byte, size)
		rand.Read(content)
		copy(content, "%PDF-1")
		st, err := files.Stage(ctx, "คำร้อง.pdf", bytes.NewReader(content))
		if err != nil {
			t.Fatal(size, err)
		}
		sum := sha256.Sum256(content)
		if st.Size != int64(size) || !bytes.Equal(st.SHA256, sum[:]) || st.Type != "application/pdf" || st.Name != "คำร้อง.pdf" {
			t.Errorf("%d: %+v", size, st)
		}
		r, err := files.Open(ctx, st.ID, st.Key)
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(r)
		r.Close()
		if err != nil || !bytes.Equal(got, content) {
			t.Errorf("%d: came back with %d bytes, %v", size, len(got), err)
		}
		paths := onDisk(t, dir)
		if len(paths) != 1 {
			t.Fatalf("%d: %d files: %v", size, len(paths), paths)
		}
		sealed, _ := os.ReadFile(paths[0])
		if bytes.Contains(sealed, content[:6]) || strings.Contains(paths[0], "pdf") {
			t.Errorf("%d: content or name shows on the disk", size)
		}
	}
}

func TestWhatWasDoneToAFileIsFound(t *testing.T) {
	files, _, dir := open(t)
	content := append([]byte("%PDF-"), make([]byte, 3<<16)...)
	st, err := files.Stage(ctx, "a.pdf", bytes.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	path := onDisk(t, dir)[0]
	sealed, _ := os.ReadFile(path)
	const chunk = 65536 + 16
	for name, change := range map[string]func(b []byte) []byte{
		"a bit":               func(b []byte) []byte { b[chunk+99] ^= 1; return b },
		"cut between chunks":  func(b []byte) []byte { return b[:1+2*chunk] },
		"cut within":          func(b []byte) []byte { return b[:len(b)-1] },
		"everything but head": func(b []byte) []byte { return b[:1] },
		"chunks swapped": func(b []byte) []byte {
			return bytes.Join([][]byte{b[:1], b[1+chunk : 1+2*chunk], b[1 : 1+chunk], b[1+2*chunk:]}, nil)
		},
		"something added":      func(b []byte) []byte { return append(b, 0) },
		"a version not known":  func(b []byte) []byte { b[0] = 9; return b },
		"nothing left":         func([]byte) []byte { return nil },
		"first chunk repeated": func(b []byte) []byte { return bytes.Join([][]byte{b[:1+chunk], b[1:]}, nil) },
	} {
		if err := os.WriteFile(path, change(bytes.Clone(sealed)), 0o600); err != nil {
			t.Fatal(err)
		}
		if got, err := readAll(files, st.ID, st.Key); errs.As(err).Key != "error.file-damaged" {
			t.Errorf("%s: %d bytes, %v", name, len(got), err)
		}
	}
	if err := os.WriteFile(path, sealed, 0o600); err != nil {
		t.Fatal(err)
	}
	wrong := bytes.Clone(st.Key)
	wrong[0] ^= 1
	if _, err := readAll(files, st.ID, wrong); err == nil {
		t.Error("opened with another key")
	}
	if _, err := readAll(files, st.ID, st.Key); err != nil {
		t.Error(err)
	}
}

func readAll(files *blob.Files, id string, key []byte) ([]byte, error) {
	r, err := files.Open(ctx, id, key)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return io.ReadAll(r)
}

func archive(t *testing.T, entries ...string) string {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for i := 0; i < len(entries); i += 2 {
		w, err := z.Create(entries[i])
		if err == nil {
			_, err = w.Write([]byte(entries[i+1]))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

const (
	wordTypes  = `<Override ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/>`
	sheetTypes = `<Override ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/>`
	macroTypes = `<Override ContentType="application/vnd.ms-word.document.macroEnabled.main+xml"/>`
)

func TestTheTypeIsToldFromTheContent(t *testing.T) {
	word := archive(t, "[Content_Types].xml", wordTypes, "word/document.xml", "<x/>")
	sheet := archive(t, "[Content_Types].xml", sheetTypes, "xl/workbook.xml", "<x/>")
	text := archive(t, "mimetype", "application/vnd.oasis.opendocument.text", "content.xml", "", "META-INF/manifest.xml", "")
	locked := strings.ReplaceAll(strings.ReplaceAll(word, "PK\x03\x04\x14\x00\x08\x00", "PK\x03\x04\x14\x00\x09\x00"), "PK\x01\x02\x14\x00\x14\x00\x08\x00", "PK\x01\x02\x14\x00\x14\x00\x09\x00")
	ole := "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + strings.Repeat("x", 600)
	jpeg := "\xff\xd8\xff\xe0" + strings.Repeat("x", 900)
	for name, c := range map[string]struct{ file, content, want, media string }{
		"pdf":                    {"a.pdf", "%PDF-1.7", "a.pdf", "application/pdf"},
		"png":                    {"a.PNG", "\x89PNG\r\n\x1a\n...", "a.PNG", "image/png"},
		"jpeg":                   {"a.jpeg", jpeg, "a.jpeg", "image/jpeg"},
		"jpeg without extension": {"รูปถ่าย", jpeg, "รูปถ่าย.jpg", "image/jpeg"},
		"jpeg called png":        {"a.png", jpeg, "a.jpg", "image/jpeg"},
		"gif":                    {"a.gif", "GIF89a..", "a.gif", "image/gif"},
		"webp":                   {"a.webp", "RIFF\x10\x00\x00\x00WEBPVP8 ", "a.webp", "image/webp"},
		"heic":                   {"a.heic", "\x00\x00\x00\x18ftypheic\x00\x00\x00\x00", "a.heic", "image/heic"},
		"docx":                   {"a.docx", word, "a.docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"},
		"xlsx":                   {"a.xlsx", sheet, "a.xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"},
		"odt":                    {"a.odt", text, "a.odt", "application/vnd.oasis.opendocument.text"},
		"thai text":              {"a.txt", strings.Repeat("ร้องเรียนเรื่องกลิ่น\r\n", 9000), "a.txt", "text/plain"},
		"text, BOM":              {"a.txt", "\ufeffข้อความ", "a.txt", "text/plain"},

		"jpeg called pdf":        {"a.pdf", jpeg, "error.file-mismatch", ""},
		"text called pdf":        {"a.pdf", "just text", "error.file-mismatch", ""},
		"html":                   {"a.html", "<script>alert(1)</script>", "error.file-mismatch", ""},
		"program":                {"a.pdf", "MZ\x90\x00\x03\x00", "error.file-type", ""},
		"double extension":       {"a.pdf.exe", "%PDF-1.7", "error.file-mismatch", ""},
		"word called xlsx":       {"a.xlsx", word, "error.file-mismatch", ""},
		"any zip":                {"a.zip", archive(t, "x", "y"), "error.file-type", ""},
		"zip called docx":        {"a.docx", archive(t, "x", "y"), "error.file-type", ""},
		"docm called docx":       {"a.docx", archive(t, "[Content_Types].xml", macroTypes, "word/document.xml", "<x/>"), "error.file-macro", ""},
		"macro project inside":   {"a.docx", archive(t, "[Content_Types].xml", wordTypes, "word/document.xml", "<x/>", "word/vbaProject.bin", "x"), "error.file-macro", ""},
		"basic in odt":           {"a.odt", archive(t, "mimetype", "application/vnd.oasis.opendocument.text", "content.xml", "", "META-INF/manifest.xml", "", "Basic/Standard/Module1.xml", ""), "error.file-macro", ""},
		"encrypted entries":      {"a.docx", locked, "error.file-locked", ""},
		"encrypted odt":          {"a.odt", archive(t, "mimetype", "application/vnd.oasis.opendocument.text", "content.xml", "", "META-INF/manifest.xml", "<manifest:encryption-data/>"), "error.file-locked", ""},
		"docx with password":     {"a.docx", ole, "error.file-locked", ""},
		"old word":               {"a.doc", ole, "error.file-type", ""},
		"bomb":                   {"a.docx", archive(t, "[Content_Types].xml", wordTypes, "word/document.xml", strings.Repeat("0", 50<<20)), "error.file-type", ""},
		"empty":                  {"a.pdf", "", "error.file-empty", ""},
		"too large":              {"a.pdf", "%PDF-" + strings.Repeat("x", blob.MaxFile-4), "error.file-large", ""},
		"zip too large":          {"a.docx", "PK\x03\x04" + strings.Repeat("x", blob.MaxFile), "error.file-large", ""},
		"text, then bytes":       {"a.txt", strings.Repeat("a", 100_000) + "\x00\x01", "error.file-type", ""},
		"text, cut in a letter":  {"a.txt", strings.Repeat("ก", 50_000) + "\xe0\xb8", "error.file-type", ""},
		"zip, cut":               {"a.docx", word[:len(word)-10], "error.file-type", ""},
		"svg":                    {"a.svg", `<svg onload="x"/>`, "error.file-mismatch", ""},
		"direction turned about": {"a\u202etxt.exe", "%PDF-1", "error.file-mismatch", ""},
	} {
		files, _, dir := open(t)
		st, err := files.Stage(ctx, c.file, strings.NewReader(c.content))
		if err != nil {
			if fault(err) != c.want {
				t.Errorf("%s: %v", name, err)
			}
			if left := onDisk(t, dir); len(left) != 0 {
				t.Errorf("%s: refused, but left %v", name, left)
			}
			continue
		}
		if st.Name != c.want || st.Type != c.media {
			t.Errorf("%s: %s %s, want %s %s", name, st.Name, st.Type, c.want, c.media)
		}
		if got, err := readAll(files, st.ID, st.Key); err != nil || string(got) != c.content {
			t.Errorf("%s: came back as %d bytes, %v", name, len(got), err)
		}
	}
}

type broken struct{ r io.Reader }

func (b broken) Read(p []byte) (int, error) {
	n, err := b.r.Read(p)
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

func TestAnUploadThatBreaksOffLeavesNothing(t *testing.T) {
	files, _, dir := open(t)
	_, err := files.Stage(ctx, "a.pdf", broken{strings.NewReader("%PDF-" + strings.Repeat("x", 200_000))})
	if errs.As(err).Key != "error.file-broken" || len(onDisk(t, dir)) != 0 {
		t.Errorf("%v, %v", err, onDisk(t, dir))
	}
}

func TestNamesAreCleaned(t *testing.T) {
	long := strings.Repeat("ก", 300)
	for in, want := range map[string]string{
		"a.pdf":                   "a.pdf",
		"/etc/passwd":             "passwd",
		`C:\Users\x\ภาพ.jpg`:      "ภาพ.jpg",
		"../../a.pdf":             "a.pdf",
		"..":                      "file",
		"":                        "file",
		".htaccess":               "htaccess",
		"a\x00b\r\nc.pdf":         "abc.pdf",
		"a\u202egpj.exe":          "agpj.exe",
		"x\u200b\u2066y.pdf":      "xy.pdf",
		"ก\u0e4d\u0e32.pdf":       "ก\u0e4d\u0e32.pdf",
		"e\u0301.pdf":             "é.pdf",
		"a<b>:\"|?*.pdf":          "a_b______.pdf",
		"con.txt":                 "_con.txt",
		"  spaced   out .pdf. ":   "spaced out .pdf",
		long + ".pdf":             strings.Repeat("ก", 116) + ".pdf",
		"\xff\xfe.pdf":            "pdf",
		"a." + long:               "a." + strings.Repeat("ก", 118),
		"https://x.test/a?b=c.pd": "a_b=c.pd",
	} {
		if got := blob.CleanName(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func TestCleanNamesStayClean(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		once := blob.CleanName(rapid.String().Draw(t, "name"))
		if n := utf8.RuneCountInString(once); n == 0 || n > 121 || strings.ContainsAny(once, "/\\\r\n\x00\"") {
			t.Fatalf("%q", once)
		}
		if again := blob.CleanName(once); again != once {
			t.Fatalf("%q became %q", once, again)
		}
	})
}

func TestTheSweepTakesOldFilesThatBelongToNothing(t *testing.T) {
	files, c, dir := open(t)
	stage := func(name string) blob.Staged {
		st, err := files.Stage(ctx, name, strings.NewReader("%PDF-1"))
		if err != nil {
			t.Fatal(err)
		}
		return st
	}
	kept, adopted, lost := stage("kept.pdf"), stage("adopted.pdf"), stage("lost.pdf")
	half := filepath.Join(dir, "tmp", "put-123")
	if err := os.WriteFile(half, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	c.Advance(25 * time.Hour)
	if err := files.Adopt(ctx, adopted.ID); err != nil {
		t.Fatal(err)
	}
	n, err := files.Sweep(ctx, func(ids []string) (map[string]bool, error) { return map[string]bool{kept.ID: true}, nil })
	if n != 1 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	for _, f := range []struct {
		st    blob.Staged
		there bool
	}{{kept, true}, {adopted, true}, {lost, false}} {
		if _, err := readAll(files, f.st.ID, f.st.Key); (err == nil) != f.there {
			t.Errorf("%s: %v", f.st.Name, err)
		}
	}
	if _, err := os.Stat(half); err == nil {
		t.Error("what was half written is still there")
	}
	if err := files.Adopt(ctx, lost.ID); fault(err) != "error.file-gone" {
		t.Errorf("adopted what is gone: %v", err)
	}
	if err := files.Delete(ctx, lost.ID); err != nil {
		t.Error("deleting what is gone:", err)
	}
}

func TestAFullOrMissingDiskIsOurFaultNotTheSenders(t *testing.T) {
	files, _, dir := open(t)
	if err := os.RemoveAll(filepath.Join(dir, "tmp")); err != nil {
		t.Fatal(err)
	}
	if _, err := files.Stage(ctx, "a.pdf", strings.NewReader("%PDF-1")); errs.KindOf(err) != errs.Unavailable {
		t.Errorf("got %v", err)
	}
	if err := files.Ready(ctx); errs.KindOf(err) != errs.Unavailable {
		t.Error("says that it is ready")
	}
}

func TestANameThatIsNoFileOfOursIsNotFound(t *testing.T) {
	files, _, _ := open(t)
	for _, id := range []string{"", "../x", "/etc/passwd", fmt.Sprintf("%036d", 0), "00000000-0000-7000-8000-000000000000/.."} {
		if _, err := files.Open(ctx, id, make([]byte, blob.KeySize)); errs.KindOf(err) != errs.NotFound {
			t.Errorf("%q: %v", id, err)
		}
	}
}
