package ropa

// Status is what the program can say about the truth of a row.
type Status string

const (
	Enforced Status = "enforced" // the program obeys it
	Verified Status = "verified" // the program compares it with what it observes
	Attested Status = "attested" // a person says so
	External Status = "external" // another party's doing
)

// RowDef is a row of the ministry's form: where it stands, what it asks, which law it
// serves and what the program does with it.
type RowDef struct {
	No      int
	ID      string
	Section string // first column
	Group   string // second column
	Ask     string // the question, as the form prints it
	Title   Text   // a short name
	Law     string // item of PDPA s.39, or another section
	DPV     string // property of the Data Privacy Vocabulary
	Target  Status
}

const (
	secCategories = "หมวดหมู่ของข้อมูล"
	secRoles      = "บทบาทของผู้ที่เกี่ยวข้องกับข้อมูลนั้น"
	secStorage    = "การจัดเก็บ"
	secDestroy    = "การทำลาย"
	secGuide      = "แนวปฏิบัติสำหรับการดำเนินการของผู้ควบคุมข้อมูลส่วนบุคคล เพื่อให้เป็นไปตามพระราชบัญญัติคุ้มครองข้อมูลส่วนบุคคล"
	secMonitor    = "ระบบการตรวจสอบเพื่อดำเนินการลบหรือทำลายข้อมูลส่วนบุคคลเมื่อพ้นกำหนดระยะเวลาการเก็บรักษา"
	secBreach     = "การแจ้งเหตุการละเมิดข้อมูลส่วนบุคคลแก่สำนักงาน"
	grpManage     = "การบริหารจัดการข้อมูล"
	grpAccess     = "มาตรการกำหนดการเข้าถึงข้อมูล"
	grpTechnical  = "มาตรการป้องกันด้านเทคนิค"
	grpPhysical   = "มาตรการป้องกันทางกายภาพ"
	grpHandOver   = "มาตรการป้องกัน (กรณีต้องให้ข้อมูลส่วนบุคคลกับผู้ที่ไม่ได้เป็นผู้ควบคุมข้อมูลส่วนบุคคล)"
	grpPersonal   = "ข้อมูลส่วนบุคคล"
)

// FormTitle is the heading of the form.
const FormTitle = "แบบฟอร์ม “บันทึกกระบวนการเก็บ ใช้ และเผยแพร่ ข้อมูลส่วนบุคคล”"

// Rows are the 53 rows of the form in their order.
var Rows = []RowDef{
	{1, "revision.prepared_by", "", "", "ชื่อผู้จัดทำข้อมูล", Text{"ผู้จัดทำข้อมูล", "Prepared by"}, "39(3)", "hasResponsibleEntity", Enforced},
	{2, "controller.organisation", "", "", "ชื่อหน่วยงาน", Text{"หน่วยงาน", "Organisation"}, "39(3)", "hasDataController", Verified},
	{3, "controller.department", "", "", "สังกัด", Text{"สังกัด", "Department"}, "39(3)", "hasDataController", Verified},
	{4, "process_group.name", "", "", "ชื่อกระบวนการหลัก/ระบบหลัก", Text{"กระบวนการหลัก", "Main process"}, "", "hasProcess", Verified},
	{5, "activity.name", "", "", "ชื่อกระบวนการย่อย/ระบบย่อย", Text{"กระบวนการย่อย", "Activity"}, "", "hasProcess", Enforced},
	{6, "activity.owner_unit", "", "", "ส่วนงาน", Text{"ส่วนงาน", "Owner unit"}, "39(3)", "", Verified},
	{7, "activity.stewards", "", "", "ผู้รับผิดชอบในส่วนงาน", Text{"ผู้รับผิดชอบ", "Stewards"}, "39(3)", "", Verified},
	{8, "activity.forms", "", "", "แบบฟอร์มที่ใช้", Text{"แบบฟอร์มที่ใช้", "Forms used"}, "39(5)", "hasRight", Verified},
	{9, "elements", secCategories, grpPersonal, "ระบุข้อมูลส่วนบุคคลที่มีการเก็บรวบรวม (โปรดระบุข้อมูลส่วนบุคคล เช่น ชื่อ,นามสกุล,รหัสบัตรประชาชน,ว/ด/ป เกิด,เบอร์มือถือ, ที่อยู่ เป็นต้น)", Text{"ข้อมูลส่วนบุคคล", "Personal data"}, "39(1)", "hasPersonalData", Enforced},
	{10, "purposes", secCategories, grpPersonal, "วัตถุประสงค์ของการจัดเก็บ (โปรดระบุวัตถุประสงค์ที่ใช้โดยมองต่อกิจกรรมหรือกระบวนการทำงาน)", Text{"วัตถุประสงค์", "Purposes"}, "39(2)", "hasPurpose", Enforced},
	{11, "notices", secCategories, grpPersonal, "มีการจัดทำ Privacy Notice หรือ Consent Form ที่เหมาะสมหรือไม่ (โปรดระบุกิจกรรมหรือเอกสาร ที่การจัดทำ/หากไม่มีการดำเนินงานระบุ N/A)", Text{"คำประกาศหรือแบบขอความยินยอม", "Notices"}, "23", "hasNotice", Enforced},
	{12, "sources", secCategories, grpPersonal, "ที่มาของข้อมูล", Text{"ที่มาของข้อมูล", "Sources"}, "39(1)", "hasDataSource", Enforced},
	{13, "access_principals", secCategories, grpPersonal, "กรณีมีการจำกัดสิทธิการเข้าถึง โปรดระบุชื่อตำแหน่งหรือชื่อบุคคล ที่เข้าถึงข้อมูลส่วนบุคคล", Text{"ผู้เข้าถึงข้อมูล", "Who may read"}, "39(5)", "", Enforced},
	{14, "class.restricted", secCategories, "", "ข้อมูลอ่อนไหว (Restrict data) (ข้อมูลที่เป็นความลับ, มีความเสี่ยงหากถูกเปิดเผย)", Text{"ข้อมูลอ่อนไหว", "Restricted data"}, "26", "hasSensitivityLevel", Verified},
	{15, "class.internal", secCategories, "", "ข้อมูลที่ใช้ภายในสำนักงาน (Internal data)", Text{"ข้อมูลภายใน", "Internal data"}, "39(1)", "hasSensitivityLevel", Verified},
	{16, "recipients_domestic", secCategories, "", "หน่วยงานภายนอกที่มีการส่งหรือเปิดเผยข้อมูลภายในราชอาณาจักร (Local 3rd parties) (ระบุ NO หากไม่มี / ระบุชื่อหน่วยงาน หากมี)", Text{"ผู้รับในราชอาณาจักร", "Domestic recipients"}, "39(6)", "hasRecipient", Enforced},
	{17, "transfers", secCategories, "", "การโอนข้อมูลส่วนบุคคลไปนอกราชอาณาจักร (Offshore 3rd parties) (ระบุ NO หากไม่มี / ระบุชื่อหน่วยงาน หากมี)", Text{"การโอนไปต่างประเทศ", "Transfers abroad"}, "39(6)", "hasThirdParty", Enforced},
	{18, "class.public", secCategories, "", "ข้อมูลสาธารณะ (Public data) (โปรดพิจารณาข้อมูลสามารถเปิดเผยสาธารณะได้)", Text{"ข้อมูลสาธารณะ", "Public data"}, "39(1)", "hasSensitivityLevel", Enforced},
	{19, "legal_bases", "", "", "ฐานกฎหมายในการประมวลผล (Lawful basis for processing)", Text{"ฐานกฎหมาย", "Lawful basis"}, "24", "hasLegalBasis", Attested},
	{20, "volume", "", "", "ปริมาณข้อมูล (Data Volume)", Text{"ปริมาณข้อมูล", "Volume"}, "39(1)", "hasDataVolume", Verified},
	{21, "rights_csu.create", secRoles, grpManage, "Create : C (ระบุ YES หากเป็นผู้สร้างข้อมูล)", Text{"เป็นผู้สร้างข้อมูล", "Creates"}, "39(5)", "hasProcessing", Verified},
	{22, "rights_csu.store", secRoles, grpManage, "Store : S (ระบุ YES หากเป็นผู้บันทึก/จัดเก็บข้อมูล)", Text{"เป็นผู้จัดเก็บข้อมูล", "Stores"}, "39(5)", "hasProcessing", Verified},
	{23, "rights_csu.use", secRoles, grpManage, "Use : U (ระบุ YES หากเป็นผู้ใช้ข้อมูล)", Text{"เป็นผู้ใช้ข้อมูล", "Uses"}, "39(5)", "hasProcessing", Verified},
	{24, "duty.create", secRoles, secRoles, "การสร้างข้อมูล(create) (โปรดระบุใครเป็นผู้สร้างข้อมูล) กรณี ถ้าได้ข้อมูลมาจาก 2 หน่วยงานภายในแล้วได้ผลิตใหม่ สิ่งที่เกิดขึ้นนั้นผู้สร้างคือ หน่วยงานที่รวมข้อมูล", Text{"ผู้สร้างข้อมูล", "Creator"}, "39(5)", "hasEntity", Verified},
	{25, "duty.collect", secRoles, secRoles, "การรวบรวมข้อมูลมาใช้งาน (collect) (โปรดระบุใครเป็นรวบรวมข้อมูลที่เป็นขององค์กรอื่น มาใช้งานกับตนเอง) เช่น ทะเบียนราษฎร์", Text{"ผู้รวบรวมข้อมูล", "Collector"}, "39(5)", "hasEntity", Verified},
	{26, "duty.classify", secRoles, secRoles, "การจำแนกระดับชั้นความลับ (classify) (โปรดระบุใครเป็นคนจำแนกชั้นลับ)", Text{"ผู้กำหนดชั้นความลับ", "Classifier"}, "39(5)", "hasEntity", Enforced},
	{27, "duty.use", secRoles, secRoles, "การใช้งาน (use) (โปรดระบุใครเป็นคนใช้ข้อมูล)", Text{"ผู้ใช้ข้อมูล", "User"}, "39(5)", "hasEntity", Enforced},
	{28, "duty.store", secRoles, secRoles, "การจัดเก็บ (store) (โปรดระบุใครเป็นผู้จัดเก็บข้อมูล)", Text{"ผู้จัดเก็บข้อมูล", "Keeper"}, "39(5)", "hasEntity", Verified},
	{29, "duty.disclose", secRoles, secRoles, "การเผยแพร่ (publish/disclose) (เผยแพร่) (โปรดระบุใครเป็นผู้อนุมัติดำเนินการเผยแพร่หรือ เข้าถึงข้อมูล)", Text{"ผู้อนุมัติการเปิดเผย", "Approves disclosure"}, "39(5)", "hasEntity", Enforced},
	{30, "duty.inspect", secRoles, secRoles, "การตรวจสอบ (inspect) (ตรวจสอบ) (โปรดระบุใครเป็นผู้ดำเนินการตรวจสอบข้อมูล)", Text{"ผู้ตรวจสอบ", "Inspector"}, "39(5)", "hasEntity", Verified},
	{31, "duty.review", secRoles, secRoles, "การทบทวน (update) (โปรดระบุใครเป็นผู้กำหนดรอบการทบทวน)", Text{"ผู้กำหนดรอบการทบทวน", "Sets the review"}, "39(5)", "hasEntity", Enforced},
	{32, "duty.terminate", secRoles, secRoles, "การสิ้นสุดการใช้งาน (terminate) (โปรดระบุใครเป็นผู้อนุมัติการลบการทำลาย)", Text{"ผู้อนุมัติการทำลาย", "Approves destruction"}, "39(5)", "hasEntity", Enforced},
	{33, "duty.grant", secRoles, secRoles, "ผู้กำหนดหน้าที่บทบาทสิทธิการเข้าถึงข้อมูล (user access management) (โปรดระบุใครเป็นผู้กำหนดสิทธิการใช้งาน)", Text{"ผู้กำหนดสิทธิ", "Grants access"}, "39(5)", "hasEntity", Enforced},
	{34, "stores.medium", secStorage, "ประเภทข้อมูล", "(โปรดระบุ Database, File (text, Word, Excel, Powerpoint, Clip VDO, ไฟล์เสียง, รูปภาพ, ไฟล์แผนที่, กระดาษ, อื่นๆ)", Text{"ประเภทข้อมูล", "Kind of store"}, "39(8)", "hasStorageCondition", Verified},
	{35, "stores.location", secStorage, "แหล่งการจัดเก็บ", "(โปรดระบุพื้นที่จัดเก็บ เช่น ตู้เอกสาร, Sharedrive, DMS, ERP, MailGoThai, ServiceNow, KM, อนุมัติสั่งการ, อื่นๆ)", Text{"แหล่งการจัดเก็บ", "Location"}, "39(8)", "hasLocation", Verified},
	{36, "retention", secStorage, "ระยะเวลาจัดเก็บ", "(โปรดระบุระยะเวลาการจัดเก็บ)", Text{"ระยะเวลาจัดเก็บ", "Retention"}, "39(4)", "hasDuration", Enforced},
	{37, "review.cycle", "การทบทวน", "", "(โปรดระบุระยะเวลาการ update ข้อมูลส่วนบุคคล เช่นปีละ", Text{"รอบการทบทวน", "Review cycle"}, "37(1)", "", Enforced},
	{38, "destruction.round", secDestroy, "รอบการทำลายข้อมูล", "(โปรดระบุ ระยะเวลาการตรวจสอบเพื่อทำลาย เช่นวันสิ้นปีงบประมาณ เป็นต้น)", Text{"รอบการทำลาย", "Destruction round"}, "37(3)", "hasStorageCondition", Enforced},
	{39, "destruction.method", secDestroy, "วิธีการทำลาย", "(โปรดระบุวิธีการทำลาย เช่น ลบด้วยวิธีการมั่นคงปลอดภัย, การเผาทำลาย, ตั้งคณะกรรมการฯ เป็นต้น)", Text{"วิธีการทำลาย", "Destruction method"}, "37(3)", "hasStorageCondition", Enforced},
	{40, "legal_refs", secDestroy, "อ้างอิงจากการจัดเก็บการทำลาย", "(โปรดระบุกฎหมาย/ระเบียบ/คำสั่งที่เกี่ยวข้อง)", Text{"กฎหมายและระเบียบอ้างอิง", "References"}, "39(4)", "", Verified},
	{41, "controls.access_policy_ref", secGuide, grpAccess, "(โปรดระบุมาตรการรักษาความมั่นคงปลอดภัยที่เหมาะสม ในการควบคุมการเข้าถึงข้อมูลส่วนบุคคล เช่น นโยบาย, แนวปฏิบัติ เป็นต้น)", Text{"มาตรการควบคุมการเข้าถึง", "Access control"}, "37(1)", "hasTechnicalOrganisationalMeasure", Attested},
	{42, "controls.access_matrix_ref", secGuide, grpAccess, "(โปรดระบุเอกสารหรือแนวทางการกำหนดสิทธิการเข้าถึงงาน เช่นแก้ไข/เปลี่ยนแปลง/การเปิดเผย)ข้อมูลเป็นผู้กำหนดสิทธิการเข้าใช้ข้อมูล เช่น เอกสาร Access Matrix)", Text{"ตารางสิทธิการเข้าถึง", "Access matrix"}, "37(1)", "hasTechnicalOrganisationalMeasure", Enforced},
	{43, "controls.audit", secGuide, grpTechnical, "มีการกำหนดวิธีการตรวจสอบย้อนหลังเกี่ยวกับการเข้าถึง (โปรดระบุแนวทางวิธีการ)", Text{"การตรวจสอบย้อนหลัง", "Audit trail"}, "37(1)", "hasTechnicalOrganisationalMeasure", Enforced},
	{44, "controls.backup", secGuide, grpTechnical, "มีระบบสำรองและกู้คืนข้อมูล (โปรดระบุเทคโนโลยีหรือแนวทางการดำเนินงาน)", Text{"การสำรองและกู้คืน", "Backup and restore"}, "37(1)", "hasTechnicalOrganisationalMeasure", Verified},
	{45, "controls.physical", secGuide, grpPhysical, "โปรดระบุมาตรการควบคุมการเข้าถึงทางกายภาพ เช่น ใส่ตู้, มีการทำบันทึกการเข้าออก, มีกล้อง CCTV, มีการยืนยันตัวตนการเข้าถึง", Text{"มาตรการทางกายภาพ", "Physical measures"}, "37(1)", "hasTechnicalOrganisationalMeasure", Attested},
	{46, "transfer.pre_checks", secGuide, grpHandOver, "การประเมินก่อนส่งข้อมูล (โปรดระบุขั้นตอนการตรวจสอบสิทธิและวัตถุประสงค์อย่างไร)", Text{"การประเมินก่อนส่ง", "Checks before sending"}, "37(2)", "hasTechnicalOrganisationalMeasure", Enforced},
	{47, "transfer.delivery_checks", secGuide, grpHandOver, "เมื่อส่งมอบข้อมูล (โปรดระบุขั้นตอนการตรวจสอบคำร้องกับ ข้อมูลก่อนนำส่งดำเนินการอย่างไร)", Text{"การตรวจสอบเมื่อส่งมอบ", "Checks at delivery"}, "37(2)", "hasTechnicalOrganisationalMeasure", Enforced},
	{48, "transfer.record_rule", secGuide, grpHandOver, "เมื่อส่งมอบข้อมูล (โปรดระบุวิธีการบันทึกเช่น กำหนดชื่อสำหรับผู้ติดต่อ, ว/ด/ป ที่ให้ข้อมูล และวัตถุประสงค์การใช้งาน เป็นต้น)", Text{"การบันทึกการส่งมอบ", "Record of delivery"}, "39(6)", "hasTechnicalOrganisationalMeasure", Enforced},
	{49, "transfer.after_rule", secGuide, grpHandOver, "หลังส่งมอบข้อมูล (โปรดระบุการติดตาม และสื่อสารกับบุคคลและนิติบุคคล หากไม่มีความจำเป็นใช้งานตามวัตถุประสงค์ที่แจ้ง ให้ลบ/ทำลาย)", Text{"หลังส่งมอบ", "After delivery"}, "37(2)", "hasTechnicalOrganisationalMeasure", Attested},
	{50, "monitoring.cycle", secGuide, secMonitor, "การติดตาม (โปรดระบุรอบการติดตามเช่น ทุกสัปดาห์ หรือ ทุกเดือน อ้างอิงระยะเวลาการเก็บข้อมูล)", Text{"การติดตามเมื่อพ้นกำหนด", "Expiry monitoring"}, "37(3)", "hasStorageCondition", Enforced},
	{51, "rights.erasure_procedure", secGuide, secMonitor, "กรณีเจ้าของข้อมูลส่วนบุคคลขอใช้สิทธิให้ลบทำลายข้อมูล (หรือขอถอนความยินยอม) (โปรดระบุมีวิธีการปฏิบัติ ลบทำลาย อย่างไร)", Text{"การลบตามคำขอ", "Erasure on request"}, "33", "hasRight", Enforced},
	{52, "breach.channels", secBreach, "", "(โปรดระบุช่องทางการรับแจ้งและ การกำหนดผู้รับผิดชอบตามระดับความเสี่ยง)", Text{"ช่องทางแจ้งเหตุและผู้รับผิดชอบ", "Breach channels"}, "37(4)", "", Verified},
	{53, "breach.pdpc_liaison", secBreach, "", "(โปรดระบุพนักงานผู้รับผิดชอบกิจกรรมมีการกำหนดตัวแทนประสานแจ้ง คณะกรรมการคุ้มครองข้อมูลส่วนบุคคลภายใน 72 ชั่วโมง)", Text{"ผู้ประสานแจ้งเหตุภายใน 72 ชั่วโมง", "72-hour liaison"}, "37(4)", "", Enforced},
}

var rowByID = func() map[string]*RowDef {
	m := make(map[string]*RowDef, len(Rows))
	for i := range Rows {
		m[Rows[i].ID] = &Rows[i]
	}
	return m
}()

// RowByID returns the definition of a row, nil for an unknown identifier.
func RowByID(id string) *RowDef { return rowByID[id] }

// Bases are the lawful bases of PDPA ss.19 and 24 with the Act's wording. "official-duty"
// is what the ministry's form says; it is none of them until someone resolves it.
var Bases = []struct {
	Code, Citation string
	Text           Text
}{
	{"consent", "19", Text{"ได้รับความยินยอมจากเจ้าของข้อมูลส่วนบุคคล", "consent of the data subject"}},
	{"archive-research", "24(1)", Text{"เพื่อจัดทำเอกสารประวัติศาสตร์ จดหมายเหตุ การศึกษาวิจัย หรือสถิติ", "archives, research or statistics"}},
	{"vital", "24(2)", Text{"เพื่อป้องกันหรือระงับอันตรายต่อชีวิต ร่างกาย หรือสุขภาพของบุคคล", "preventing danger to life, body or health"}},
	{"contract", "24(3)", Text{"เป็นการจำเป็นเพื่อการปฏิบัติตามสัญญา", "performance of a contract"}},
	{"public-task", "24(4)", Text{"เป็นการจำเป็นเพื่อการปฏิบัติหน้าที่ในการดำเนินภารกิจเพื่อประโยชน์สาธารณะ หรือปฏิบัติหน้าที่ในการใช้อำนาจรัฐที่ได้มอบให้แก่ผู้ควบคุมข้อมูลส่วนบุคคล", "a task carried out in the public interest or the exercise of official authority"}},
	{"legitimate-interest", "24(5)", Text{"เป็นการจำเป็นเพื่อประโยชน์โดยชอบด้วยกฎหมาย", "legitimate interests"}},
	{"legal-obligation", "24(6)", Text{"เป็นการปฏิบัติตามกฎหมายของผู้ควบคุมข้อมูลส่วนบุคคล", "compliance with the law"}},
	{"official-duty", "", Text{"เพื่อปฏิบัติหน้าที่ตามกฎหมาย", "official duty (not resolved to a basis of the Act)"}},
}
