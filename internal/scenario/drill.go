package scenario

import (
	"context"
	"fmt"
	"time"

	"prasan/internal/breach"
	"prasan/internal/cases"
	"prasan/internal/db"
	"prasan/internal/letters"
	"prasan/internal/org"
	"prasan/internal/policy"
	"prasan/internal/thai"
)

// DrillEnv is what the year's drill of a breach is made with.
type DrillEnv struct {
	DB      *db.DB
	Now     time.Time // when the scenario ends
	Clock   Clock
	Breach  *breach.Service
	Letters *letters.Service
}

// drillWeighed is what the drill weighed, factor by factor.
var drillWeighed = map[string]string{
	"type": "ความลับของข้อมูล: ไฟล์รายชื่อถูกส่งให้ผู้ที่ไม่เกี่ยวข้อง", "data": "ชื่อ ช่องทางติดต่อ ไม่มีข้อมูลอ่อนไหวตามมาตรา 26", "subjects": "ประชาชนทั่วไปที่ติดต่อสำนักงานในสัปดาห์นั้น", "severity": "อาจถูกรบกวนทางโทรศัพท์หรืออีเมล",
	"measures": "ผู้รับยืนยันว่าลบไฟล์แล้ว และระงับบัญชีของผู้ส่ง", "breadth": "จำกัดอยู่ที่ผู้รับหนึ่งราย", "storage": "ไฟล์ไม่ได้เข้ารหัส", "controller": "หน่วยงานของรัฐที่ประชาชนติดต่อโดยตรง",
}

// Drill is the year's drill: a list sent to the wrong person, weighed, its notice signed,
// the persons counted, closed with what was learnt. Nobody outside is told of it.
func Drill(ctx context.Context, e DrillEnv) error {
	defer e.Clock.Set(e.Now)
	local := e.Now.In(thai.Bangkok)
	begin := time.Date(local.Year(), local.Month()-4, 12, 9, 20, 0, 0, thai.Bangkok)
	var officer, registrar, head, dpo policy.Actor
	err := e.DB.Read(ctx, func(tx *db.Tx) (err error) {
		for account, a := range map[string]*policy.Actor{"officer-ops": &officer, "registrar-ops": &registrar, "head-ops": &head, "dpo": &dpo} {
			if *a, err = org.Actor(tx, account); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	var id, letter string
	s, l := e.Breach, e.Letters
	report := breach.Report{Agency: "ops", Activity: cases.Activity, Kinds: []string{"confidentiality"}, Channel: "office", Drill: true, OccurredFrom: begin.AddDate(0, 0, -7), OccurredTo: begin,
		Description: "การซ้อมประจำปี: เจ้าหน้าที่แนบไฟล์รายชื่อผู้ติดต่อของสัปดาห์ก่อนไปกับอีเมลที่ส่งผิดคน ผู้รับโทรศัพท์มาแจ้ง"}
	steps := []struct {
		after time.Duration
		do    func() error
	}{
		{0, func() error { b, err := s.Report(ctx, officer, report); id = b.ID; return err }},
		{25 * time.Minute, func() error { _, err := s.BeAware(ctx, dpo, id); return err }},
		{40 * time.Minute, func() error {
			_, err := s.Take(ctx, dpo, id, breach.Measure{What: "sessions", Account: "officer-rayong", Reason: "ผู้ส่งอีเมล"})
			return err
		}},
		{2 * time.Hour, func() error {
			_, err := s.Contain(ctx, dpo, id, "ผู้รับยืนยันว่าลบไฟล์แล้ว")
			return err
		}},
		{5 * time.Hour, func() error {
			_, err := s.Assess(ctx, dpo, id, breach.Assessment{Risk: breach.HighRisk, Factors: drillWeighed, Reasons: "รายชื่อพร้อมช่องทางติดต่ออยู่ในมือผู้อื่นหลายชั่วโมง", Effects: "อาจถูกรบกวนหรือถูกหลอกลวงโดยอ้างชื่อสำนักงาน", Measures: "ห้ามแนบรายชื่อกับอีเมล ให้ใช้ลิงก์ที่หมดอายุ และอบรมเจ้าหน้าที่"}, breach.Window{})
			return err
		}},
		{6 * time.Hour, func() error { d, err := s.Draft(ctx, dpo, id, "", ""); letter = d.ID; return err }},
		{23 * time.Hour, func() error { _, err := l.Check(ctx, registrar, letter); return err }},
		{25 * time.Hour, func() error { _, err := l.Approve(ctx, head, letter, ""); return err }},
		{26 * time.Hour, func() error { _, err := s.Notify(ctx, dpo, id, ""); return err }},
		{27 * time.Hour, func() error {
			_, err := s.NotifySubjects(ctx, dpo, id, "เรียนท่านผู้ติดต่อสำนักงาน รายชื่อที่มีชื่อและช่องทางติดต่อของท่านถูกส่งผิดคน ผู้รับยืนยันว่าลบแล้ว โปรดระวังผู้แอบอ้าง เจ้าหน้าที่จะไม่ขอรหัส OTP และไม่ขอให้โอนเงิน")
			return err
		}},
		{50 * time.Hour, func() error {
			_, err := s.Close(ctx, head, id, "พบเหตุถึงแจ้งใช้เวลา 26 ชั่วโมง จุดที่ช้าคือการตรวจร่างหนังสือข้ามคืน จึงกำหนดผู้ตรวจสำรองนอกเวลาราชการ")
			return err
		}},
		{51 * time.Hour, func() error {
			_, err := l.Cancel(ctx, registrar, letter, "สิ้นสุดการซ้อม")
			return err
		}},
	}
	for _, step := range steps {
		e.Clock.Hold(begin.Add(step.after))
		if err := step.do(); err != nil {
			return fmt.Errorf("the drill, after %s: %w", step.after, err)
		}
	}
	return nil
}
