package scenario

import (
	"crypto/sha256"
	"encoding/base32"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"time"

	"prasan/internal/accounts"
	"prasan/internal/db"
	"prasan/internal/org"
	"prasan/internal/policy"
	"prasan/internal/thai"
)

// person is somebody of the body, plainly fictitious.
type person struct {
	account, th, en, agency string
	roles                   []string
	head                    string // head, acting or deputy of his agency
	position                string
	order                   bool // works by a delegation order
	token                   bool // has a printed token
}

// offices are provinces whose people have accounts.
var offices = []string{"rayong", "chonburi", "samutprakan", "chiangmai", "khonkaen", "songkhla", "nakhonratchasima", "saraburi"}

// people are those who sign in. "admin" is the scenario's administrator, whose token is
// printed as `token`.
func people() []person {
	out := []person{
		{"admin", "นางสาวตัวอย่าง ผู้ดูแลระบบ", "Ms Example Administrator", "ops", []string{"admin"}, "", "", true, true},
		{"head-ops", "นายสมมติ ปลัดกระทรวง", "Mr Fictional Secretary", "ops", []string{"head"}, "head", "", false, true},
		{"deputy-ops", "นางจำลอง รองปลัด", "Mrs Model Deputy", "ops", []string{"head"}, "acting", "", false, false},
		{"officer-ops", "นางสาวสาธิต รับเรื่อง", "Ms Demo Intake", "ops", []string{"officer"}, "", "", true, false},
		{"registrar-ops", "นายทดสอบ สารบรรณ", "Mr Test Registrar", "ops", []string{"registrar"}, "", "", true, true},
		{"dpo", "นางสาวสมมุติ คุ้มครองข้อมูล", "Ms Fictional Protection", "ops", []string{"dpo"}, "", "", false, true},
		{"ict", "นายจำลอง เทคโนโลยี", "Mr Model Technology", "ops-ict", []string{"ict", "head"}, "head", "ict-director", false, true},
		{"network", "นางสาวสาธิต เครือข่าย", "Ms Demo Network", "ops-ict", []string{"ict"}, "", "network-head", false, false},
		{"auditor", "นายตัวอย่าง ตรวจสอบ", "Mr Example Auditor", "ops", []string{"auditor"}, "", "", false, true},
		{"registrar-diw", "นางทดสอบ โรงงาน", "Mrs Test Works", "diw", []string{"registrar"}, "", "", true, true},
		{"head-diw", "นายสมมติ อธิบดี", "Mr Fictional Director-General", "diw", []string{"head"}, "head", "", false, false},
		{"officer-diw", "นางสาวจำลอง โรงงาน", "Ms Model Works", "diw", []string{"officer"}, "", "", true, false},
	}
	for i, code := range offices {
		out = append(out,
			person{"officer-" + code, styled(given[i]) + " ตัวอย่าง", "Example " + title(code), code, []string{"officer"}, "", "", true, code == "rayong"},
			person{"head-" + code, "นาย" + given[i+8] + " สมมติ", "Mr Fictional " + title(code), code, []string{"head"}, "head", "", false, false})
	}
	// One office has an officer without an order: he sees that nothing opens for him.
	return append(out, person{"new-rayong", "นายใหม่ ยังไม่ได้รับมอบหมาย", "Mr New Without Order", "rayong", []string{"officer"}, "", "", false, false},
		person{"registrar-rayong", "นางสาวทดสอบ สารบรรณ", "Ms Test Registry", "rayong", []string{"registrar"}, "", "", true, false})
}

func title(code string) string { return strings.ToUpper(code[:1]) + code[1:] }

// password is everybody's in the demo: long enough for the rules, and one hash, which is
// made to be slow, is enough. What tells people apart is the second factor.
const password = "demo-prasan-2569"

// totp is the secret of a person's authenticator (RFC 6238), 160 bits.
func totp(account string) string {
	sum := sha256.Sum256([]byte("prasan demo authenticator of " + account))
	return base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(sum[:20])
}

// token has the form that the API takes: the prefix and 43 characters.
func token(account string) string {
	sum := sha256.Sum256([]byte("prasan demo token of " + account))
	return accounts.TokenPrefix + base64.RawURLEncoding.EncodeToString(sum[:])
}

// others are an officer and a head of each province that is not among the offices.
func others() []person {
	var out []person
	for i, p := range thai.Provinces() {
		code := p.Slug()
		if p.Code == "10" || slices.Contains(offices, code) {
			continue
		}
		out = append(out,
			person{account: "officer-" + code, th: styled(given[i%len(given)]) + " จำลอง", en: "Model " + p.EN, agency: code, roles: []string{"officer"}, order: true},
			person{account: "head-" + code, th: "นาย" + given[(i+7)%len(given)] + " สาธิต", en: "Mr Demo " + p.EN, agency: code, roles: []string{"head"}, head: "head"})
	}
	return out
}

// settle puts people, headships and orders into place, as of the scenario's beginning.
func (e *Env) settle(tx *db.Tx, hash string, begin time.Time) error {
	for i, p := range append(people(), others()...) {
		a := accounts.Account{Name: p.account, Display: policy.Text{TH: p.th, EN: p.en}, Email: p.account + "@" + e.Base, Agency: p.agency, Roles: p.roles, CreatedAt: begin}
		if err := e.Accounts.Seed(tx, a, hash, totp(p.account)); err != nil {
			return fmt.Errorf("account %s: %w", p.account, err)
		}
		if p.token {
			if err := e.Accounts.SeedToken(tx, p.account, "demo", token(p.account)); err != nil {
				return err
			}
		}
		if err := e.place(tx, p, i, begin); err != nil {
			return err
		}
	}
	return nil
}

// place gives a person his headship, position or order.
func (e *Env) place(tx *db.Tx, p person, i int, from time.Time) error {
	if p.head != "" {
		order := ""
		if p.head != "head" {
			order = fmt.Sprintf("สปอ %d/%d", 200+i, from.Year()+543)
		}
		if err := org.PutHead(tx, org.Headship{Agency: p.agency, Account: p.account, Capacity: p.head, Order: order, From: from, To: org.Forever}); err != nil {
			return err
		}
	}
	if p.position != "" {
		if err := org.PutPosition(tx, p.position, p.account, from, org.Forever); err != nil {
			return err
		}
	}
	if !p.order {
		return nil
	}
	signed := "head-" + p.agency
	return org.PutDelegation(tx, org.Delegation{ID: db.NewID(), Number: fmt.Sprintf("%d/%d", 100+i, from.Year()+543), Agency: p.agency, Account: p.account, Activity: "contact-us", Matter: "รับและดำเนินการเรื่องที่ติดต่อผ่านเว็บไซต์ และติดต่อกลับผู้แจ้ง", SignedBy: signed, From: from, To: from.AddDate(3, 0, 0)})
}

// women are those of the given names that are women's.
var women = []string{"สมหญิง", "มานี", "ชูใจ", "ดวงแก้ว", "จันทร์", "สุดา", "มาลี", "กานดา", "พิมพ์", "นิภา", "รัตนา", "ลำดวน", "สายฝน", "วรรณา"}

// styled is a given name with its title.
func styled(given string) string {
	if slices.Contains(women, given) {
		return "นางสาว" + given
	}
	return "นาย" + given
}
