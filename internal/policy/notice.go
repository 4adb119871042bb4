package policy

import (
	"fmt"
	"slices"
	"strings"

	"prasan/internal/ropa"
)

// Contact is how the controller and its DPO are reached, for a notice.
type Contact struct {
	Agency   Text
	Address  Text
	Phone    string
	Email    string
	DPO      string
	DPOEmail string
	DPOPhone string
}

// NoticeText is a privacy notice in one language.
type NoticeText struct {
	Title    string
	Sections []NoticeSection
}

// NoticeSection is a part of a notice.
type NoticeSection struct {
	Heading    string
	Paragraphs []string
	Items      []string
}

// Text is the notice as plain text: what is stored and hashed.
func (n NoticeText) Text() string {
	var b strings.Builder
	b.WriteString(n.Title + "\n")
	for _, s := range n.Sections {
		b.WriteString("\n" + s.Heading + "\n")
		for _, p := range s.Paragraphs {
			b.WriteString(p + "\n")
		}
		for _, i := range s.Items {
			b.WriteString("- " + i + "\n")
		}
	}
	return b.String()
}

const (
	privacyNotice = "privacy_notice"
	cookiePolicy  = "cookie_policy"
)

var noticeTitles = map[string]Text{
	privacyNotice: {"คำประกาศเกี่ยวกับความเป็นส่วนตัว", "Privacy notice"},
	cookiePolicy:  {"นโยบายคุกกี้", "Cookie policy"},
}

// NoticeKind is the kind of the notice that the record shows before collection (row
// 11): a cookie policy where it names one, else a privacy notice.
func (s *Snapshot) NoticeKind() string {
	for _, n := range s.Notices {
		if n.Kind == cookiePolicy || n.Kind == privacyNotice {
			return n.Kind
		}
	}
	return privacyNotice
}

// GenerateNotice writes the privacy notice of an activity from its record. It has the
// six items of PDPA s.23, and is refused where one of them would be empty: a notice
// that says less than the law asks is no notice.
func GenerateNotice(s *Snapshot, c Contact, lang string) (NoticeText, error) {
	w := noticeWriter{s: s, lang: lang}
	n := NoticeText{Title: noticeTitles[s.NoticeKind()].In(lang) + " (" + s.Name.In(lang) + ")"}
	n.Sections = append(n.Sections,
		w.controller(c),
		w.data(),
		w.purposes(),
		w.refusing(),
		w.keeping(),
		w.recipients(),
		w.rights(),
		w.contact(c),
	)
	for _, section := range n.Sections {
		if len(section.Paragraphs) == 0 && len(section.Items) == 0 {
			return NoticeText{}, &ropa.ParseError{Field: "notices", Reason: "the notice would say nothing under " + section.Heading, Advice: "complete the record (s.23)"}
		}
	}
	return n, nil
}

type noticeWriter struct {
	s    *Snapshot
	lang string
}

func (w noticeWriter) t(th, en string) string { return Text{th, en}.In(w.lang) }

func (w noticeWriter) controller(c Contact) NoticeSection {
	who := w.s.Controller.Department.In(w.lang)
	if org := w.s.Controller.Organisation.In(w.lang); org != "" && !strings.Contains(who, org) {
		who += w.t(" ", ", ") + org
	}
	s := NoticeSection{Heading: w.t("ผู้ควบคุมข้อมูลส่วนบุคคล", "Who is responsible")}
	if strings.TrimSpace(who) != "" {
		s.Paragraphs = []string{fmt.Sprintf(w.t("%s เป็นผู้ควบคุมข้อมูลส่วนบุคคลที่เก็บรวบรวมผ่านเว็บไซต์ของ%s", "%s is the controller of the personal data collected on the website of the %s."), who, c.Agency.In(w.lang))}
	}
	return s
}

func (w noticeWriter) data() NoticeSection {
	s := NoticeSection{Heading: w.t("ข้อมูลที่เก็บรวบรวม", "What is collected")}
	for _, e := range w.s.Elements {
		text := e.Label.In(w.lang)
		if why := e.Why.In(w.lang); why != "" {
			text += w.t(" ", ": ") + why
		}
		s.Items = append(s.Items, text)
	}
	return s
}

// purposes says the purposes under the basis that each rests on, and the levels of
// usage collection under theirs.
func (w noticeWriter) purposes() NoticeSection {
	s := NoticeSection{Heading: w.t("วัตถุประสงค์และฐานกฎหมาย", "Why, and on what lawful basis")}
	if len(w.s.Basis) == 0 {
		return s
	}
	bases := map[string]bool{}
	for _, p := range w.s.Purposes {
		bases[p.Basis] = true
	}
	for _, p := range w.s.Purposes {
		text := p.Text.In(w.lang)
		if b := w.basis(p.Basis); b != "" && len(bases) > 1 {
			text += " (" + b + ")"
		}
		s.Items = append(s.Items, text)
	}
	if len(bases) == 1 {
		if b := w.basis(w.s.Purposes[0].Basis); b != "" {
			s.Paragraphs = append(s.Paragraphs, w.t("ฐานกฎหมาย: ", "Lawful basis: ")+b)
		}
	}
	for _, l := range w.s.Levels {
		s.Items = append(s.Items, l.Text.In(w.lang)+" ("+w.basis(l.Basis)+")")
	}
	return s
}

func (w noticeWriter) basis(code string) string {
	if code == "" {
		return ""
	}
	b := basisOf(code, "")
	if b.Citation == "" {
		return b.Text.In(w.lang)
	}
	return b.Text.In(w.lang) + w.t(" ตามมาตรา ", ", section ") + b.Citation
}

// refusing is item 2 of s.23: what follows when the data is not given.
func (w noticeWriter) refusing() NoticeSection {
	s := NoticeSection{Heading: w.t("หากท่านไม่ให้ข้อมูล", "If you do not give it")}
	if len(w.s.FormElements()) > 0 {
		s.Paragraphs = []string{w.t("ท่านไม่มีหน้าที่ตามกฎหมายหรือสัญญาที่ต้องให้ข้อมูลนี้ แต่หากไม่มีชื่อและช่องทางติดต่ออย่างน้อยหนึ่งช่องทาง หน่วยงานจะรับเรื่องและแจ้งผลให้ท่านทราบไม่ได้",
			"No law or contract obliges you to give it. Without a name and one way to reach you, the office cannot take up the matter and tell you the result.")}
	} else {
		s.Paragraphs = []string{w.t("ท่านปฏิเสธได้ และยังใช้งานเว็บไซต์ได้ตามปกติ", "You may refuse, and can use the website all the same.")}
	}
	return s
}

func (w noticeWriter) keeping() NoticeSection {
	r := w.s.Retention
	s := NoticeSection{Heading: w.t("ระยะเวลาเก็บรักษา", "How long it is kept")}
	if period := w.period(r); period != "" {
		text := w.t("เก็บรักษาไว้ ", "It is kept for ") + period + w.anchor(r.Anchor)
		if r.OrOnOrder {
			text += w.t(" หรือจนกว่าจะได้รับคำสั่งจากผู้มีอำนาจ", ", or until the competent authority orders otherwise")
		}
		s.Paragraphs = append(s.Paragraphs, text+w.t(" จากนั้นจะลบหรือทำลายตามรอบการทำลายของหน่วยงาน", "; it is then erased or destroyed in the agency's next round."))
	}
	for _, e := range w.s.Elements {
		if kept, ok := w.s.Kept[e.Code]; ok {
			s.Items = append(s.Items, e.Label.In(w.lang)+": "+w.period(kept))
		}
	}
	return s
}

func (w noticeWriter) period(r Retention) string {
	return ropa.Period{Years: r.Years, Months: r.Months, Days: r.Days}.In(w.lang)
}

func (w noticeWriter) anchor(anchor string) string {
	if anchor == "case.closed_at" {
		return w.t(" นับแต่วันที่ยุติเรื่อง", " from the day the case is closed")
	}
	return ""
}

func (w noticeWriter) recipients() NoticeSection {
	s := NoticeSection{Heading: w.t("การเปิดเผยข้อมูล", "Who it may be given to")}
	for _, r := range w.s.Recipients {
		text := r.Text.In(w.lang) + w.t(" เฉพาะเรื่องที่เกี่ยวข้อง", ", for matters that are theirs")
		if r.LetterRequired {
			text += w.t(" โดยหนังสือราชการ", ", by official letter")
		}
		s.Items = append(s.Items, text)
	}
	for _, t := range w.s.Transfers {
		s.Items = append(s.Items, t.Recipient.In(w.lang)+" ("+t.Country+")")
	}
	if len(s.Items) == 0 {
		s.Items = []string{w.t("ไม่เปิดเผยข้อมูลแก่หน่วยงานภายนอก", "It is not given to anyone outside.")}
	}
	if len(w.s.Transfers) == 0 {
		s.Items = append(s.Items, w.t("ไม่ส่งหรือโอนข้อมูลไปยังต่างประเทศ", "It is not sent abroad."))
	}
	return s
}

func (w noticeWriter) rights() NoticeSection {
	s := NoticeSection{Heading: w.t("สิทธิของท่าน", "Your rights")}
	for _, r := range Rights {
		if slices.Contains(w.s.Rights, r.Code) {
			s.Items = append(s.Items, r.Text.In(w.lang)+w.t(" (มาตรา ", " (section ")+r.Section+")")
		}
	}
	return s
}

func (w noticeWriter) contact(c Contact) NoticeSection {
	s := NoticeSection{Heading: w.t("ติดต่อ", "Contact")}
	for _, line := range []string{c.Agency.In(w.lang), c.Address.In(w.lang), prefixed(w.t("โทรศัพท์ ", "Telephone "), c.Phone), prefixed(w.t("อีเมล ", "E-mail "), c.Email),
		prefixed(w.t("เจ้าหน้าที่คุ้มครองข้อมูลส่วนบุคคล (DPO) ", "Data protection officer "), strings.TrimSpace(c.DPO+" "+c.DPOEmail+" "+c.DPOPhone))} {
		if line != "" {
			s.Items = append(s.Items, line)
		}
	}
	return s
}

func prefixed(prefix, value string) string {
	if value == "" {
		return ""
	}
	return prefix + value
}
