package breach

import (
	"fmt"
	"slices"
	"strings"

	"prasan/internal/policy"
	"prasan/internal/thai"
)

// Section is a part of a notice.
type Section struct {
	Heading string   `json:"heading"`
	Lines   []string `json:"lines"`
}

var kindNames = map[string]string{"confidentiality": "การละเมิดความลับ (Confidentiality Breach)", "integrity": "การละเมิดความถูกต้องครบถ้วน (Integrity Breach)", "availability": "การละเมิดความพร้อมใช้งาน (Availability Breach)"}
var riskNames = map[string]string{NoRisk: "ไม่มีความเสี่ยงที่จะมีผลกระทบต่อสิทธิและเสรีภาพของบุคคล", Risk: "มีความเสี่ยง", HighRisk: "มีความเสี่ยงสูง"}

// Notice is what the notification of B.E. 2565 wants told to the Office of the PDPC
// (สำนักงานคณะกรรมการคุ้มครองข้อมูลส่วนบุคคล): nature and number, contact, likely effects,
// measures. It is the text of the letter.
func Notice(b Breach, t Terms, contact policy.Contact, labels map[string]string) []Section {
	kinds := make([]string, len(b.Kinds))
	for i, k := range b.Kinds {
		kinds[i] = kindNames[k]
	}
	out := []Section{
		{"1. ลักษณะและประเภทของการละเมิด", []string{
			"ประเภท: " + strings.Join(kinds, ", "),
			fmt.Sprintf("ช่วงเวลาที่เกิดเหตุ: %s ถึง %s", thai.DateTime(b.OccurredFrom, "th"), thai.DateTime(b.OccurredTo, "th")),
			"ทราบเหตุเมื่อ: " + thai.DateTime(b.AwareAt, "th"),
			fmt.Sprintf("จำนวนเจ้าของข้อมูลส่วนบุคคลที่เกี่ยวข้อง: %d ราย (จำนวนรายการที่ถูกเข้าถึงหรือเปิดเผย: %d รายการ)", b.Impact.Subjects, b.Impact.Acts),
			"ข้อมูลที่เกี่ยวข้อง: " + elements(b.Impact.Elements, labels),
		}},
		{"2. ผู้ประสานงาน", lines(contact.DPO, contact.DPOEmail, contact.DPOPhone, contact.Agency.TH, contact.Address.TH, contact.Phone)},
		{"3. ผลกระทบที่อาจเกิดขึ้น", []string{"ระดับความเสี่ยง: " + riskNames[b.Assessment.Risk], b.Assessment.Effects}},
		{"4. มาตรการที่ใช้หรือจะใช้", lines(b.Assessment.Contained, b.Assessment.Measures)},
	}
	if b.LateReason != "" {
		out = append(out, Section{"5. เหตุที่แจ้งเกินกำหนด 72 ชั่วโมง", []string{b.LateReason}})
	}
	return out
}

func lines(all ...string) []string {
	return slices.DeleteFunc(all, func(s string) bool { return strings.TrimSpace(s) == "" })
}

func elements(counts map[string]int, labels map[string]string) string {
	codes := make([]string, 0, len(counts))
	for c := range counts {
		codes = append(codes, c)
	}
	slices.Sort(codes)
	for i, c := range codes {
		name := labels[c]
		if name == "" {
			name = c
		}
		codes[i] = fmt.Sprintf("%s (%d ราย)", name, counts[c])
	}
	return strings.Join(codes, ", ")
}
