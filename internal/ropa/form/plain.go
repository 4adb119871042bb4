package form

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"prasan/internal/ropa"
)

// writeText writes the form in the layout that its scanned text has: cells between
// tabs, merged cells left empty.
func writeText(r *ropa.Revision, out io.Writer) error {
	w := bufio.NewWriter(out)
	row := func(cells ...string) {
		for i, c := range cells {
			if i > 0 {
				w.WriteByte('\t')
			}
			w.WriteString(oneCell(c))
		}
		w.WriteByte('\n')
	}
	row(ropa.FormTitle, "", "", "")
	section, group := "", ""
	for i := range ropa.Rows {
		d := &ropa.Rows[i]
		answer, ok := r.Form[d.ID]
		if !ok || answer.State == ropa.RowAbsent {
			continue
		}
		switch {
		case d.Section == "":
			row(d.Ask, "", answer.Text, "")
		default:
			cells := []string{"", "", d.Ask, answer.Text}
			if d.Section != section {
				cells[0], group = d.Section, ""
			}
			if d.Group != group {
				cells[1] = d.Group
			}
			group = d.Group
			row(cells...)
		}
		section = d.Section
	}
	row("")
	textFlow(r, row)
	textInventory(r, row)
	return w.Flush()
}

func textFlow(r *ropa.Revision, row func(...string)) {
	row(r.Flow.Heading)
	row(r.Flow.Process)
	row("หมายเหตุ")
	row("หมายถึง ดำเนินการด้วยอิเล็กทรอนิกส์")
	row("หมายถึง ดำเนินการด้วยเอกสาร")
	row(flowHeads...)
	for i := range r.Flow.Steps {
		s := &r.Flow.Steps[i]
		row(fmt.Sprintf("%d. %s", s.No, s.Title), s.Actor.Text, s.Collect.Text, s.Use.Text, s.Disclose.Text, s.Store.Text, systemsText(s.Systems))
	}
	row(r.Flow.Note)
}

func textInventory(r *ropa.Revision, row func(...string)) {
	inv := &r.Inventory
	row(inv.Heading)
	if inv.MainSystem != "" {
		row("ระบบหลัก : " + inv.MainSystem)
	}
	if inv.SubSystem != "" {
		row("ระบบย่อย : " + inv.SubSystem)
	}
	h := inventoryHeads
	row(h[0], h[1], h[2], h[3], h[4], headExchange, "", "", "", headProcessing, "", "", "", h[13])
	row("", "", "", "", "", h[5], h[6], h[7], h[8], h[9], h[10], h[11], h[12], "")
	for i := range inv.Systems {
		s := &inv.Systems[i]
		own := []string{fmt.Sprint(s.No), s.Name, s.Status.Text, s.Scope, s.Owner.Text}
		end := []string{s.ProcessingBy.Text, s.Processor.Text, s.Hosting.Text, s.Region.Text, s.Remark}
		if len(s.Exchanges) == 0 {
			row(append(append(own, "", "", "", ""), end...)...)
		}
		for x, e := range s.Exchanges {
			if x > 0 {
				own, end = make([]string, 5), []string{"", "", "", "", e.Remark}
			}
			row(append(append(own, e.Applied.Text, e.Data, e.Mode.Text, e.Counterparty.Text), end...)...)
		}
	}
}

// oneCell keeps a text in its cell: a tab or a line's end would part it.
func oneCell(s string) string {
	return strings.ReplaceAll(strings.ReplaceAll(ropa.Clean(s), "\t", " "), "\n", "<br>")
}
