package office

import (
	"bytes"
	"cmp"
	"strconv"

	"prasan/internal/analytics"
	"prasan/internal/errs"
	"prasan/internal/web/kit"
)

func usageExport(v *visit) error {
	q, err := v.usageQuery()
	if err != nil {
		return err
	}
	q.Limit = 5000
	names := overviewTables
	if name := v.URL.Query().Get("report"); name != "" {
		names = []string{name}
	}
	var tables []analytics.Table
	for _, name := range names {
		t, err := v.usage().Report(v.Context(), v.session.Actor, name, q)
		if err != nil {
			return err
		}
		tables = append(tables, t)
	}
	var out bytes.Buffer
	kind, ending := "text/csv; charset=utf-8", v.URL.Query().Get("format")
	switch ending {
	case "xlsx", "pdf":
		o, err := v.usage().Overview(v.Context(), v.session.Actor, q)
		if err != nil {
			return err
		}
		if kind = "application/pdf"; ending == "pdf" {
			err = analytics.PDF(&out, o, tables, v.lang, v.f.Now())
		} else {
			kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
			err = analytics.XLSX(&out, o, tables, v.lang)
		}
		if err != nil {
			return err
		}
	default:
		ending = "csv"
		if err := analytics.CSV(&out, tables[0], v.lang); err != nil {
			return err
		}
	}
	h := v.w.Header()
	h.Set("Content-Type", kind)
	h.Set("Content-Disposition", `attachment; filename="usage-`+analytics.ISO(q.From)+"-"+analytics.ISO(q.To)+"."+ending+`"`)
	h.Set("Cache-Control", kit.CacheNone)
	_, _ = v.w.Write(out.Bytes()) // a client that has gone is no error of ours
	return nil
}

// usageYearly is the report of the last fiscal year, as a document.
func usageYearly(v *visit) error {
	year, err := strconv.Atoi(cmp.Or(v.URL.Query().Get("year"), strconv.Itoa(analytics.LastFiscalYear(v.f.Now()))))
	if err != nil {
		return errs.InvalidField("year", "analytics.error-period")
	}
	y, err := v.usage().Yearly(v.Context(), v.session.Actor, year, "")
	if err != nil {
		return err
	}
	write, kind, ending := y.PDF, "application/pdf", "pdf"
	if v.URL.Query().Get("format") == "docx" {
		write, kind, ending = y.DOCX, "application/vnd.openxmlformats-officedocument.wordprocessingml.document", "docx"
	}
	var out bytes.Buffer
	if err := write(&out); err != nil {
		return err
	}
	h := v.w.Header()
	h.Set("Content-Type", kind)
	h.Set("Content-Disposition", `attachment; filename="usage-`+strconv.Itoa(year)+"."+ending+`"`)
	h.Set("Cache-Control", kit.CacheNone)
	_, _ = v.w.Write(out.Bytes()) // a client that has gone is no error of ours
	return nil
}
