package public

import (
	"context"
	"io"
	"net/http"
	"strconv"
	"time"

	"prasan/internal/errs"
	"prasan/internal/policy"
	"prasan/internal/sites"
	"prasan/internal/thai"
	"prasan/internal/web/kit"
)

// DocumentVersion is a version of a document that the public may read.
type DocumentVersion struct {
	Code      string
	N         int
	Title     policy.Text
	Version   string
	UpdatedAt time.Time
	URL       string
	HasFile   bool
}

// DocumentFile is the file of one; the reader is closed.
type DocumentFile struct {
	Name, Type string
	Size       int64
	Body       io.ReadCloser
}

// Documents are what the library shows on a site.
type Documents struct {
	All  func(ctx context.Context, site sites.Site) ([]DocumentVersion, error)
	Open func(ctx context.Context, site sites.Site, code string, n int) (DocumentFile, error)
}

// documents lists every version with the columns that the ministry's own page has:
// ชื่อเอกสาร, เวอร์ชัน, ปรับปรุง.
func (v *visit) documents() (kit.Table, error) {
	t := kit.Table{Caption: v.t("library.public-documents"), Hidden: true, Empty: v.t("library.public-none"), Head: []string{v.t("registerpages.public-document"), v.t("registerpages.public-version"), v.t("registerpages.public-updated")}}
	if v.f.Documents.All == nil {
		return t, nil
	}
	all, err := v.f.Documents.All(v.Context(), v.site)
	for _, d := range all {
		name := kit.Cell{Text: d.Title.In(v.lang), Href: d.URL}
		if d.HasFile {
			name.Href = v.to("/record/documents/" + d.Code + "/" + strconv.Itoa(d.N))
		}
		t.Rows = append(t.Rows, []kit.Cell{name, {Text: d.Version}, {Text: thai.DateLong(d.UpdatedAt, v.lang)}})
	}
	return t, err
}

func document(v *visit) error {
	n, err := strconv.Atoi(v.PathValue("n"))
	if err != nil || v.f.Documents.Open == nil {
		return errs.New(errs.NotFound, "error.not-found")
	}
	f, err := v.f.Documents.Open(v.Context(), v.site, v.PathValue("code"), n)
	if err != nil {
		return err
	}
	defer f.Body.Close()
	h := v.w.Header()
	h.Set("Content-Type", f.Type)
	h.Set("Content-Disposition", `attachment; filename="`+f.Name+`"`)
	h.Set("Content-Length", strconv.FormatInt(f.Size, 10))
	h.Set("Cache-Control", "public, max-age=300")
	if v.Method != http.MethodHead {
		_, _ = io.Copy(v.w, f.Body) // a client that has gone is no error of ours
	}
	return nil
}
