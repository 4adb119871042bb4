package org

import (
	"context"
	"database/sql"
	"encoding/json"
	"sync/atomic"
	"time"

	"prasan/internal/db"
	"prasan/internal/policy"
	"prasan/internal/thai"
)

// Kinds of agencies.
const (
	Ministry   = "ministry"
	Office     = "office"
	Division   = "division"
	Provincial = "province"
	Department = "department" // another legal person: reached by official letter only
)

// Agency is a unit of the body or a related agency.
type Agency struct {
	Code      string      `json:"code"`
	Parent    string      `json:"parent"`
	Kind      string      `json:"kind"`
	Name      policy.Text `json:"name"`
	Short     policy.Text `json:"short"`
	Addressee policy.Text `json:"addressee"` // the position that letters address
	Head      policy.Text `json:"head"`      // the title of its head
	Letters   string      `json:"letters"`   // what its letter numbers begin with; verify before print
	ECMS      string      `json:"ecms"`      // e-CMS organisation id; invented in the demo
	Address   policy.Text `json:"address"`
	Hours     policy.Text `json:"hours"`
	Phone     string      `json:"phone"`
	Email     string      `json:"email"`
	Region    string      `json:"region"`
}

// SameController tells whether a case may be passed to the agency without a letter:
// the Office and what belongs to it (its divisions and, by affiliation, the provinces).
func (a Agency) SameController() bool { return a.Kind != Department }

var officeHours = policy.Text{TH: "วันราชการ เวลา 08.30-16.30 น.", EN: "Working days, 08:30-16:30"}

// Bodies are the ministry, the Office of the Permanent Secretary, its ICT centre, the
// 76 provincial offices, and the ministry's departments. Codes and addresses are data
// of the record's time; the body that runs the program keeps them right.
func Bodies(base string) []Agency {
	rama6 := policy.Text{TH: "75/6 ถนนพระรามที่ 6 แขวงทุ่งพญาไท เขตราชเทวี กรุงเทพมหานคร 10400", EN: "75/6 Rama VI Road, Thung Phaya Thai, Ratchathewi, Bangkok 10400"}
	out := []Agency{
		{Code: "moi", Kind: Ministry, Name: policy.Text{TH: "กระทรวงอุตสาหกรรม", EN: "Ministry of Industry"}, Short: policy.Text{TH: "อก.", EN: "MOI"},
			Addressee: policy.Text{TH: "ปลัดกระทรวงอุตสาหกรรม", EN: "Permanent Secretary, Ministry of Industry"}, Head: policy.Text{TH: "ปลัดกระทรวงอุตสาหกรรม", EN: "Permanent Secretary"}, Letters: "อก", ECMS: "0800100001"},
		{Code: "ops", Parent: "moi", Kind: Office, Name: policy.Text{TH: "สำนักงานปลัดกระทรวงอุตสาหกรรม", EN: "Office of the Permanent Secretary, Ministry of Industry"}, Short: policy.Text{TH: "สปอ.", EN: "OPS"},
			Addressee: policy.Text{TH: "ปลัดกระทรวงอุตสาหกรรม", EN: "Permanent Secretary, Ministry of Industry"}, Head: policy.Text{TH: "ปลัดกระทรวงอุตสาหกรรม", EN: "Permanent Secretary"}, Letters: "อก 02", ECMS: "0800200001", Phone: "0 2430 6967"},
		{Code: "ops-ict", Parent: "ops", Kind: Division, Name: policy.Text{TH: "ศูนย์เทคโนโลยีสารสนเทศและการสื่อสาร", EN: "Information and Communication Technology Centre"}, Short: policy.Text{TH: "ศทส.", EN: "ICT Centre"},
			Addressee: policy.Text{TH: "ผู้อำนวยการศูนย์เทคโนโลยีสารสนเทศและการสื่อสาร", EN: "Director, ICT Centre"}, Head: policy.Text{TH: "ผู้อำนวยการศูนย์เทคโนโลยีสารสนเทศและการสื่อสาร", EN: "Director, ICT Centre"}, Letters: "อก 02", Phone: "0 2430 6967"},
	}
	for _, d := range []struct{ code, th, en, shortTH, shortEN, addressTH, addressEN, ecms, letters string }{
		{"diw", "กรมโรงงานอุตสาหกรรม", "Department of Industrial Works", "กรอ.", "DIW", "อธิบดีกรมโรงงานอุตสาหกรรม", "Director-General, Department of Industrial Works", "0800300001", "อก 03"},
		{"diprom", "กรมส่งเสริมอุตสาหกรรม", "Department of Industrial Promotion", "กสอ.", "DIPROM", "อธิบดีกรมส่งเสริมอุตสาหกรรม", "Director-General, Department of Industrial Promotion", "0800400001", "อก 04"},
		{"dpim", "กรมอุตสาหกรรมพื้นฐานและการเหมืองแร่", "Department of Primary Industries and Mines", "กพร.", "DPIM", "อธิบดีกรมอุตสาหกรรมพื้นฐานและการเหมืองแร่", "Director-General, Department of Primary Industries and Mines", "0800500001", "อก 05"},
		{"tisi", "สำนักงานมาตรฐานผลิตภัณฑ์อุตสาหกรรม", "Thai Industrial Standards Institute", "สมอ.", "TISI", "เลขาธิการสำนักงานมาตรฐานผลิตภัณฑ์อุตสาหกรรม", "Secretary-General, Thai Industrial Standards Institute", "0800600001", "อก 07"},
		{"ocsb", "สำนักงานคณะกรรมการอ้อยและน้ำตาลทราย", "Office of the Cane and Sugar Board", "สอน.", "OCSB", "เลขาธิการคณะกรรมการอ้อยและน้ำตาลทราย", "Secretary-General, Office of the Cane and Sugar Board", "0800700001", "อก 06"},
		{"oie", "สำนักงานเศรษฐกิจอุตสาหกรรม", "Office of Industrial Economics", "สศอ.", "OIE", "ผู้อำนวยการสำนักงานเศรษฐกิจอุตสาหกรรม", "Director-General, Office of Industrial Economics", "0800800001", "อก 08"},
	} {
		head := policy.Text{TH: d.addressTH, EN: d.addressEN}
		out = append(out, Agency{Code: d.code, Parent: "moi", Kind: Department, Name: policy.Text{TH: d.th, EN: d.en}, Short: policy.Text{TH: d.shortTH, EN: d.shortEN}, Addressee: head, Head: head, Letters: d.letters, ECMS: d.ecms})
	}
	for i := range out {
		out[i].Hours, out[i].Email = officeHours, "saraban@"+out[i].Code+"."+base
		if out[i].Kind != Department {
			out[i].Address = rama6
		}
	}
	for _, p := range thai.Provinces() {
		if p.Code == "10" {
			continue // Bangkok has no provincial office
		}
		out = append(out, provincialOffice(p, base))
	}
	return out
}

func provincialOffice(p thai.Province, base string) Agency {
	return Agency{Code: p.Slug(), Parent: "ops", Kind: Provincial,
		Name:      policy.Text{TH: "สำนักงานอุตสาหกรรมจังหวัด" + p.TH, EN: p.EN + " Provincial Industry Office"},
		Short:     policy.Text{TH: "สอจ." + p.TH, EN: p.EN},
		Addressee: policy.Text{TH: "ผู้ว่าราชการจังหวัด" + p.TH, EN: "Governor of " + p.EN},
		Head:      policy.Text{TH: "อุตสาหกรรมจังหวัด" + p.TH, EN: "Chief of the " + p.EN + " Provincial Industry Office"},
		Letters:   p.Letters + " 0033",
		Address:   policy.Text{TH: "ศาลากลางจังหวัด" + p.TH + " อำเภอเมือง" + p.TH + " จังหวัด" + p.TH, EN: p.EN + " Provincial Hall, Mueang " + p.EN + " District, " + p.EN},
		Hours:     officeHours, Email: "saraban@" + p.Slug() + "." + base, Region: p.Code[:1]}
}

// Directory is the agencies of the installation, held in memory.
type Directory struct {
	db      *db.DB
	table   atomic.Pointer[map[string]Agency]
	order   atomic.Pointer[[]Agency]
	checked atomic.Int64 // when the table was last asked for, in Unix seconds
}

// NewDirectory reads the agencies.
func NewDirectory(ctx context.Context, d *db.DB) (*Directory, error) {
	dir := &Directory{db: d}
	return dir, dir.Reload(ctx)
}

// Reload reads the agencies again.
func (d *Directory) Reload(ctx context.Context) error {
	table, order := map[string]Agency{}, []Agency{}
	err := d.db.Read(ctx, func(tx *db.Tx) error {
		clear(table)
		order = nil
		return tx.Each(`SELECT body FROM agencies ORDER BY kind, code`, nil, func(rows *sql.Rows) error {
			var body string
			if err := rows.Scan(&body); err != nil {
				return err
			}
			var a Agency
			if err := json.Unmarshal([]byte(body), &a); err != nil {
				return err
			}
			table[a.Code] = a
			order = append(order, a)
			return nil
		})
	})
	if err != nil {
		return err
	}
	d.table.Store(&table)
	d.order.Store(&order)
	return nil
}

// refreshEvery is how old a node's view may be where another node may change it.
const refreshEvery = 10 // seconds

func (d *Directory) refresh() {
	if d.db.Dialect != db.PostgreSQL {
		return
	}
	now, last := time.Now().Unix(), d.checked.Load()
	if now-last >= refreshEvery && d.checked.CompareAndSwap(last, now) {
		_ = d.Reload(context.Background()) // the view it has stays good
	}
}

// Get returns an agency by its code.
func (d *Directory) Get(code string) (Agency, bool) {
	d.refresh()
	a, ok := (*d.table.Load())[code]
	return a, ok
}

// All lists the agencies by kind and code.
func (d *Directory) All() []Agency {
	d.refresh()
	return *d.order.Load()
}

// Within tells whether an agency is another one or belongs to it, at any depth.
func (d *Directory) Within(agency, ancestor string) bool {
	table := *d.table.Load()
	for range len(table) + 1 {
		if agency == ancestor {
			return agency != ""
		}
		a, ok := table[agency]
		if !ok {
			return false
		}
		agency = a.Parent
	}
	return false
}

// Put stores agencies in a transaction; Reload makes them seen.
func Put(tx *db.Tx, agencies []Agency) error {
	for _, a := range agencies {
		body, err := json.Marshal(a)
		if err != nil {
			return err
		}
		if _, err := tx.Exec(`INSERT INTO agencies (code, parent, kind, body) VALUES ($1, $2, $3, $4) ON CONFLICT (code) DO UPDATE SET parent = excluded.parent, kind = excluded.kind, body = excluded.body`, a.Code, a.Parent, a.Kind, string(body)); err != nil {
			return err
		}
	}
	return nil
}
