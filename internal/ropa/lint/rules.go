package lint

import "prasan/internal/ropa"

// T is a phrase in both languages.
func T(th, en string) ropa.Text { return ropa.Text{TH: th, EN: en} }

// Rules are all of them, in the order in which they are reported.
var Rules = []Rule{
	// Who receives what.
	{"transfer-undeclared", Error, "28, 39(6)", T("แบบระบุว่าไม่มีการโอนไปต่างประเทศ แต่ระบบหรือผู้ให้บริการอยู่ต่างประเทศ", "No transfer abroad is declared, but a system or its provider is abroad"), (*checker).transferUndeclared},
	{"recipients-undeclared", Error, "27, 39(6)", T("แบบระบุว่าไม่มีผู้รับในราชอาณาจักร แต่มีการส่งข้อมูลให้หน่วยงานอื่น", "No domestic recipient is declared, but data goes to other bodies"), (*checker).recipientsUndeclared},
	{"disclosure-column-empty", Warning, "27, 39(6)", T("ช่องการเปิดเผยข้อมูลว่างทุกขั้นตอน ทั้งที่มีการส่งข้อมูลให้หน่วยงานอื่น", "The disclosure column is empty in every step, although data goes to others"), (*checker).disclosureColumnEmpty},
	{"disclosure-unlisted", Error, "27, 39(6)", T("ขั้นตอนส่งข้อมูลให้ผู้อื่น แต่ช่องการเปิดเผยว่างและไม่ระบุผู้รับ", "A step sends data to someone, but discloses nothing and no recipient is declared"), (*checker).disclosureUnlisted},
	{"transfer-incomplete", Info, "28, 29", T("การโอนไปต่างประเทศยังไม่ระบุประเทศ ฐานกฎหมาย หรือมาตรการคุ้มครอง", "A transfer abroad does not state its country, basis or safeguard"), (*checker).transferIncomplete},
	{"words-differ", Error, "39(6)", T("ถ้อยคำในแบบระบุว่าไม่มี แต่รายการที่ใช้บังคับระบุผู้รับไว้", "The words of the form deny what its list declares"), (*checker).wordsDiffer},
	// Data and its classes.
	{"elements-missing", Error, "39(1)", T("ไม่ระบุข้อมูลส่วนบุคคลที่เก็บรวบรวม", "No personal data is declared"), (*checker).elementsMissing},
	{"element-unknown", Error, "39(1)", T("มีการอ้างข้อมูลที่ไม่ได้ระบุไว้ว่าเก็บรวบรวม", "Something refers to data that is not declared"), (*checker).elementUnknown},
	{"element-without-purpose", Warning, "39(2)", T("ข้อมูลที่เก็บรวบรวมไม่มีวัตถุประสงค์", "Data is collected for no purpose"), (*checker).elementWithoutPurpose},
	{"class-none", Error, "39(1)", T("ไม่ได้จำแนกชั้นข้อมูล: ทุกชั้นระบุ NO", "The data belongs to no class: all are NO"), (*checker).classNone},
	{"class-contradiction", Error, "26, 39(1)", T("ชั้นข้อมูลขัดกัน: เป็นข้อมูลสาธารณะและข้อมูลที่จำกัดพร้อมกัน", "The classes contradict each other: both public and not"), (*checker).classContradiction},
	{"sensitive-undeclared", Error, "26", T("มีข้อมูลอ่อนไหวตามมาตรา 26 แต่ไม่จำแนกเป็นข้อมูลอ่อนไหว", "Data of section 26 is collected, but not classed as sensitive"), (*checker).sensitiveUndeclared},
	{"volume-unknown", Warning, "39(1)", T("ไม่ทราบปริมาณข้อมูล", "The volume of data is not known"), (*checker).volumeUnknown},
	// Why, and on what basis.
	{"purposes-missing", Error, "39(2)", T("ไม่ระบุวัตถุประสงค์", "No purpose is declared"), (*checker).purposesMissing},
	{"purpose-unused", Warning, "39(2)", T("วัตถุประสงค์ที่ไม่มีขั้นตอนใดใช้", "A purpose that no step serves"), (*checker).purposeUnused},
	{"basis-missing", Error, "24, 39(2)", T("ไม่ระบุฐานกฎหมาย", "No lawful basis is declared"), (*checker).basisMissing},
	{"consent-expected", Question, "19, 24", T("ใช้นโยบายคุกกี้หรือแบบขอความยินยอม แต่ฐานกฎหมายไม่ใช่ความยินยอม", "A cookie policy or consent form is used, but consent is not a basis"), (*checker).consentExpected},
	{"level-basis", Error, "19", T("การเก็บข้อมูลการใช้งานที่ระบุตัวผู้เข้าชมซ้ำต้องอาศัยความยินยอม", "Collection that recognises returning visitors needs consent"), (*checker).levelBasis},
	{"notice-missing", Error, "23", T("ไม่มีคำประกาศหรือแบบขอความยินยอม", "There is no notice"), (*checker).noticeMissing},
	// Who does what.
	{"csu-contradicts-flow", Error, "39(5)", T("บทบาท C/S/U ขัดกับขั้นตอนในแผนภาพ", "The roles C/S/U contradict the flow"), (*checker).csuContradictsFlow},
	{"use-without-access", Warning, "39(5)", T("ระบุว่าใช้ข้อมูล แต่หมายเหตุระบุว่าเข้าถึงข้อมูลไม่ได้", "The data is said to be used, and a remark says that it cannot be accessed"), (*checker).useWithoutAccess},
	{"duty-empty", Error, "39(5)", T("ไม่มีผู้ทำหน้าที่ที่ต้องมีผู้อนุมัติ", "Nobody holds a duty that approves"), (*checker).dutyEmpty},
	{"duties-not-separated", Question, "37(1)", T("บุคคลเดียวกันเป็นทั้งผู้รับผิดชอบ ผู้เข้าถึง และผู้ตรวจสอบ", "The same people are responsible, have access, and inspect"), (*checker).dutiesNotSeparated},
	{"dpo-approves", Question, "42", T("DPO เป็นผู้อนุมัติ ซึ่งอาจขัดกับหน้าที่ให้คำแนะนำและตรวจสอบ", "The DPO approves, which may conflict with advising and monitoring"), (*checker).dpoApproves},
	{"delegation-unnamed", Question, "39(5)", T("ผู้ที่ได้รับมอบหมายเข้าถึงข้อมูล แต่ไม่อ้างคำสั่งมอบหมาย", "Delegates have access, but no order of delegation is cited"), (*checker).delegationUnnamed},
	{"controller-of-provinces", Question, "6, 39(3)", T("ใครเป็นผู้ควบคุมข้อมูลของสำนักงานจังหวัด ซึ่งเป็นราชการส่วนภูมิภาค", "Who is the controller of the data of provincial offices, which act under their governors"), (*checker).controllerOfProvinces},
	{"code-unknown", Error, "39", T("มีการอ้างบุคคล หน่วยงาน หรือเอกสารที่ไม่ได้ระบุไว้", "A person, body or document is cited that is not listed"), (*checker).codeUnknown},
	// How long.
	{"retention-missing", Error, "39(4)", T("ไม่ระบุระยะเวลาจัดเก็บ", "No retention period is declared"), (*checker).retentionMissing},
	{"traffic-log-short", Error, "CCA 26", T("เก็บข้อมูลจราจรทางคอมพิวเตอร์ไม่ถึง 90 วัน", "Computer traffic data is kept for less than 90 days"), (*checker).trafficLogShort},
	{"traffic-log", Info, "CCA 26", T("ไม่มีบันทึกรายการใดกล่าวถึงข้อมูลจราจรทางคอมพิวเตอร์ ซึ่งต้องเก็บ 90 วัน", "No record speaks of computer traffic data, which must be kept for 90 days"), (*checker).trafficLog},
	{"cycle-missing", Warning, "37(1), 37(3)", T("ไม่ระบุรอบการทบทวนหรือการติดตาม หรือทบทวนนานกว่าปีละครั้ง", "A cycle of review or monitoring is missing, or the review is rarer than yearly"), (*checker).cycleMissing},
	{"monitoring-differs", Warning, "37(3)", T("รอบการติดตามข้อมูลที่พ้นกำหนดห่างกว่าเดือนละครั้ง", "Expiry is monitored less often than monthly"), (*checker).monitoringDiffers},
	// The form, its flow and its systems.
	{"row-missing", Error, "39", T("แบบขาดแถวหรือไม่ได้กรอก", "Rows of the form are missing or empty"), (*checker).rowMissing},
	{"flow-broken", Error, "39(5)", T("แผนภาพขั้นตอนไม่สมบูรณ์", "The flow is broken"), (*checker).flowBroken},
	{"inventory-heading", Warning, "39(8)", T("รายชื่อระบบมีหัวข้อของบันทึกอื่น", "The list of systems carries the heading of another record"), (*checker).inventoryHeading},
	{"system-owner-name", Warning, "39(8)", T("ชื่อระบบระบุหน่วยงานที่ไม่ใช่เจ้าของระบบ", "A system's name gives another body than its owner"), (*checker).systemOwnerName},
	{"processing-self-elsewhere", Question, "39(8), 40", T("ระบุว่าประมวลผลเอง แต่ระบบเป็นของหน่วยงานอื่น", "Processing is said to be the Office's own, but the system belongs to another body"), (*checker).processingSelfElsewhere},
	{"processor-agreement", Warning, "40", T("ผู้อื่นประมวลผลให้โดยไม่อ้างข้อตกลงการประมวลผล", "Another processes for the Office, and no agreement is cited"), (*checker).processorAgreement},
	{"exchange-with-itself", Warning, "39(6)", T("การแลกเปลี่ยนข้อมูลกับหน่วยงานตนเอง", "An exchange of the Office with itself"), (*checker).exchangeWithItself},
	{"document-outdated", Warning, "39(8)", T("อ้างเอกสารรุ่นเก่าที่เลิกใช้แล้ว", "An archived version of a document is cited"), (*checker).documentOutdated},
	{"provider-name", Info, "", T("Google Inc. เปลี่ยนชื่อเป็น Google LLC ตั้งแต่ พ.ศ. 2560", "Google Inc. has been Google LLC since 2017"), (*checker).providerName},
	{"breach-addressee", Info, "37(4)", T("แบบให้แจ้งเหตุต่อคณะกรรมการ แต่กฎหมายให้แจ้งต่อสำนักงานคณะกรรมการคุ้มครองข้อมูลส่วนบุคคล (สคส.)", "The form says that the committee is told of a breach; the Act says its Office (PDPC)"), (*checker).breachAddressee},
}
