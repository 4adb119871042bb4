package retention

import (
	"bytes"
	"context"
	"fmt"
	"strconv"
	"strings"

	"prasan/internal/audit"
	"prasan/internal/db"
	"prasan/internal/errs"
	"prasan/internal/letters"
	"prasan/internal/policy"
)

// letterOf begins what a letter says it is about: the list of a round.
const letterOf = "round:"

// Draft draws up the letter with which the list goes to the National Archives (clause
// 70). When it leaves, their sixty days begin.
func (s *Service) Draft(ctx context.Context, a policy.Actor, id string) (Round, error) {
	r, _, err := s.Get(ctx, a, id, 0, 1)
	if err != nil {
		return r, err
	}
	var items, destroy int
	err = s.DB.Read(ctx, func(tx *db.Tx) error {
		return tx.QueryRow(`SELECT COUNT(*), COUNT(CASE WHEN decision = 'destroy' THEN 1 END) FROM round_items WHERE round_id = $1`, []any{id}, &items, &destroy)
	})
	if err != nil {
		return r, err
	}
	agency, _ := s.Agencies.Get(r.Agency)
	year := strconv.Itoa(r.Year + 543)
	put, err := s.Letters.Prepare(ctx, a, letters.Writing{Agency: r.Agency, Kind: letters.External, ToName: "สำนักหอจดหมายเหตุแห่งชาติ", Subject: "ขอส่งบัญชีหนังสือขอทำลาย ประจำปี " + year, About: letterOf + r.ID, Content: letters.Content{
		Addressee: "ผู้อำนวยการสำนักหอจดหมายเหตุแห่งชาติ กรมศิลปากร", Enclosures: []string{fmt.Sprintf("บัญชีหนังสือขอทำลาย จำนวน %d รายการ", items)}, Paragraphs: []string{
			fmt.Sprintf("ด้วย%s ได้สำรวจหนังสือที่ครบกำหนดอายุการเก็บในปี %s ตามระเบียบสำนักนายกรัฐมนตรีว่าด้วยงานสารบรรณ พ.ศ. 2526 ข้อ 66 และคณะกรรมการทำลายหนังสือได้พิจารณาตามข้อ 68 แล้ว เห็นควรทำลายจำนวน %d รายการ จากทั้งหมด %d รายการ", agency.Name.TH, year, destroy, items),
			fmt.Sprintf("จึงขอส่งบัญชีหนังสือขอทำลายมาเพื่อโปรดพิจารณาตามข้อ 70 หากไม่ได้รับแจ้งผลภายใน %d วันนับแต่วันที่ส่งเรื่องให้ จะถือว่าท่านให้ความเห็นชอบ", s.Terms.ArchivesDays), "จึงเรียนมาเพื่อโปรดพิจารณา"}}})
	if err != nil {
		return r, err
	}
	return s.change(ctx, a, id, "draft", nil, func(tx *db.Tx, r *Round) error {
		if r.ArchivesLetterID != "" {
			old, err := s.Letters.ByID(tx, r.ArchivesLetterID)
			if err == nil && old.State != letters.Cancelled {
				err = errs.New(errs.Conflict, "error.round-letter-there")
			}
			if err != nil {
				return err
			}
		}
		l, err := put(tx)
		r.ArchivesLetterID = l.ID
		return err
	})
}

// onLetter follows the letter of a round: when it leaves, the list is with the National
// Archives.
func (s *Service) onLetter(tx *db.Tx, a policy.Actor, action string, l *letters.Letter, _ map[string]string) error {
	id, ok := strings.CutPrefix(l.About, letterOf)
	if !ok || action != "dispatch" {
		return nil
	}
	r, err := lockRound(tx, id)
	if err != nil || r.ArchivesLetterID != l.ID {
		return err
	}
	t, err := transition(&r, "consult")
	if err != nil { // it was sent a second time
		return nil
	}
	r.State, r.ArchivesLetter, r.ArchivesUntil = t.To, l.NumberText, tx.Now().AddDate(0, 0, s.Terms.ArchivesDays)
	if err := updateRound(tx, &r); err != nil {
		return err
	}
	return s.Audit.Append(tx, audit.Event{Actor: a.Account, Action: "round.consult", Object: "round:" + r.ID, Body: map[string]any{"letter": l.NumberText, "until": r.ArchivesUntil}})
}

// Enclosure is the list that goes with the letter of a round; none for other letters.
func (s *Service) Enclosure(ctx context.Context, l *letters.Letter) (name string, pdf []byte, err error) {
	id, ok := strings.CutPrefix(l.About, letterOf)
	if !ok {
		return "", nil, nil
	}
	var r Round
	var list []Item
	err = s.DB.Read(ctx, func(tx *db.Tx) (err error) {
		if r, err = oneRound(tx, `id = $1`, id); err != nil {
			return err
		}
		list, err = items(tx, id, `1 = 1`, 0, 0)
		return err
	})
	if err != nil {
		return "", nil, err
	}
	lines := make([][]string, len(list))
	for i := range list {
		lines[i] = FormLine(r, list[i])
	}
	var out bytes.Buffer
	err = s.sheet(r, lines).Print(&out)
	return fmt.Sprintf("form25-%d.pdf", r.Year+543), out.Bytes(), err
}
