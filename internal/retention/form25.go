package retention

import (
	"context"
	"io"
	"strconv"
	"strings"

	"prasan/internal/errs"
	"prasan/internal/letters"
	"prasan/internal/policy"
	"prasan/internal/thai"
)

// FormHead are the columns of form 25 (บัญชีหนังสือขอทำลาย), in the words of the
// regulation: an official form, in Thai whatever the reader's language.
var FormHead = []string{"ลำดับที่", "รหัสแฟ้ม", "ที่", "ลงวันที่", "เลขทะเบียนรับ", "เรื่อง", "การพิจารณา", "หมายเหตุ"}

var formWidths = []float64{9, 15, 9, 17, 21, 30, 24, 36}

// FormDecisions are the decisions in its words.
var formDecisions = map[string]string{"": "", "destroy": "X ทำลาย", "extend": "ขยายเวลาการเก็บ", "archive": "ส่งมอบสำนักหอจดหมายเหตุแห่งชาติ", "hold": "ระงับการทำลาย"}

var formMatters = map[string]string{"case": "เรื่องที่ประชาชนติดต่อ", "mail": "ไปรษณีย์อิเล็กทรอนิกส์ที่ได้รับ", "request": "คำร้องขอใช้สิทธิของเจ้าของข้อมูล", "breach": "รายงานเหตุละเมิดข้อมูลส่วนบุคคล"}

// FormLine is a line of form 25: references and dates, nothing of what is in it.
func FormLine(r Round, i Item) []string {
	note := "ครบกำหนดเก็บ " + thai.DateShort(i.DueAt, "th")
	if i.Dissent != "" {
		note += " · ความเห็นแย้ง: " + i.Dissent
	}
	number, received, matter := "–", i.Label, formMatters[i.Kind]
	if r.Matter != "" { // the number and the subject of a letter; of a secret one its number
		number, matter, _ = strings.Cut(i.Label, " · ")
		received = "–"
	}
	return []string{strconv.Itoa(i.No), r.Activity, number, thai.DateShort(i.ClosedAt, "th"), received, matter, formDecisions[i.Decision], note}
}

// FormLines is the whole list, line by line.
func (s *Service) FormLines(ctx context.Context, a policy.Actor, id string) (Round, [][]string, error) {
	r, list, err := s.Get(ctx, a, id, 0, 0)
	if err == nil && r.State == Opened {
		err = errs.New(errs.NotFound, "error.not-found")
	}
	out := make([][]string, len(list))
	for i := range list {
		out[i] = FormLine(r, list[i])
	}
	return r, out, err
}

// Form25 prints the list as the regulation has it: A4 on its side, its columns headed on
// every page, places for the names of the committee at the end.
func (s *Service) Form25(ctx context.Context, a policy.Actor, id string, w io.Writer) error {
	r, lines, err := s.FormLines(ctx, a, id)
	if err != nil {
		return err
	}
	return s.sheet(r, lines).Print(w)
}

func (s *Service) sheet(r Round, lines [][]string) letters.Sheet {
	agency, _ := s.Agencies.Get(r.Agency)
	out := letters.Sheet{Title: "บัญชีหนังสือขอทำลาย ประจำปี " + thai.Digits(strconv.Itoa(r.Year+543)), Lead: agency.Name.TH + "   วันที่ " + thai.DateLong(s.Now(), "th"), Page: "แผ่นที่ ", Head: FormHead, Widths: formWidths, Rows: lines, Printed: s.Now()}
	for _, m := range r.Committee {
		role := "กรรมการ"
		if m.Chair {
			role = "ประธานกรรมการ"
		}
		out.Signers = append(out.Signers, letters.SheetSigner{Name: m.Name, Role: role, Position: m.Position})
	}
	return out
}
