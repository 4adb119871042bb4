package form_test

import (
	"errors"
	"testing"

	"github.com/xuri/excelize/v2"

	"prasan/internal/ropa"
	"prasan/internal/ropa/form"
)

// What people do to a workbook besides filling it in: nothing of it changes the record
// without a word.
func TestAMangledWorkbookIsReadRightOrAskedAbout(t *testing.T) {
	rev := ropa.Seed("contact-us", 2)
	for name, x := range map[string]struct {
		edit func(f *excelize.File) error
		same bool     // the record is as it was
		asks []string // rows that must be asked about
		odd  string   // a text that must be listed as not placed
	}{
		"a sheet renamed": {edit: func(f *excelize.File) error { return f.SetSheetName("แบบบันทึก", "RoPA 2569") }, same: true},
		"sheets in another order": {edit: func(f *excelize.File) error {
			return f.MoveSheet("รายชื่อระบบ", "แบบบันทึก")
		}, same: true},
		"a sheet of somebody else": {edit: func(f *excelize.File) error {
			_, err := f.NewSheet("บันทึกช่วยจำ")
			return errors.Join(err, f.SetCellStr("บันทึกช่วยจำ", "B2", "โทรถามกองกฎหมาย"))
		}, same: true, odd: "โทรถามกองกฎหมาย"},
		"the inventory deleted": {edit: func(f *excelize.File) error { return f.DeleteSheet("รายชื่อระบบ") }, same: true, asks: []string{"inventory.systems[0].name"}},
		"a column inserted":     {edit: func(f *excelize.File) error { return f.InsertCols("แบบบันทึก", "D", 1) }, same: true},
		"a row doubled": {edit: func(f *excelize.File) error {
			sheet, row := rowOf(t, f, "ropa.review.cycle")
			return errors.Join(f.DuplicateRow(sheet, row), put(f, sheet, row+1, "", "", "", "ทุก 3 ปี"))
		}, same: true, odd: "ทุก 3 ปี"},
		"two answers merged": {edit: func(f *excelize.File) error {
			sheet, a := cellAt(t, f, "ropa.class.restricted")
			_, b := cellAt(t, f, "ropa.class.internal")
			return f.MergeCell(sheet, a, b)
		}, asks: []string{"class.internal"}},
		"an answer emptied": {edit: func(f *excelize.File) error {
			sheet, cell := cellAt(t, f, "ropa.duty.review")
			return f.SetCellStr(sheet, cell, "")
		}, asks: []string{"duty.review"}},
	} {
		r, err := form.Import("x.xlsx", workbook(t, rev, x.edit))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if x.same && canonical(t, r.Revision) != canonical(t, rev) {
			t.Errorf("%s: %+v", name, ropa.Diff(rev, r.Revision))
		}
		for _, id := range x.asks {
			if !asked(r, id) {
				t.Errorf("%s: %s is not asked about: %+v", name, id, r.Questions)
			}
		}
		if x.odd != "" && !unplaced(r, x.odd) {
			t.Errorf("%s: %q is lost: %+v", name, x.odd, r.Unplaced)
		}
	}
}
