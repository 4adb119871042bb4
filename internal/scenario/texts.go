package scenario

// given are first names; with the family names below everybody is plainly invented.
var given = []string{"สมชาย", "สมหญิง", "มานี", "ปิติ", "ชูใจ", "วีระ", "ดวงแก้ว", "สมคิด", "เพชร", "จันทร์", "ประเสริฐ", "สุดา", "วิชัย", "มาลี", "อนันต์", "กานดา", "ธนา", "พิมพ์", "ศักดา", "อรุณ", "บุญมี", "นิภา", "เกษม", "รัตนา", "ชัยยุทธ", "ลำดวน", "ไพโรจน์", "สายฝน", "เดชา", "วรรณา"}

var family = []string{"ตัวอย่าง", "สมมติ", "สาธิต", "จำลอง", "ทดสอบ", ""}

var foreigners = [][2]string{{"Alex", "Example"}, {"Mei", "Sample"}, {"Jonas", "Fictional"}, {"Sukarno", ""}, {"Aiko", "Test"}}

// matter is a kind of message with its answers.
type matter struct {
	topic    string
	texts    []string // {place} {where} {when} {maker} are filled in
	answers  []string
	asks     []string
	verdict  string // relevant, park, elsewhere
	agency   string // to which it is parked, for the note
	attached bool
}

var places = []string{"หมู่ 3", "หมู่ 7", "ซอยร่วมใจ", "ถนนสายบ้านค่าย", "หลังวัด", "ใกล้โรงเรียน", "ริมคลองส่งน้ำ", "ชุมชนริมทางรถไฟ", "หน้านิคมอุตสาหกรรม", "ตลาดสดเทศบาล"}

var makers = []string{"โรงงานแปรรูปอาหาร", "โรงงานพลาสติก", "โรงงานหลอมโลหะ", "โรงงานฟอกย้อม", "โรงสีข้าว", "โรงงานน้ำแข็ง", "โรงงานเฟอร์นิเจอร์", "โรงงานรีไซเคิล", "โรงงานน้ำตาล", "โรงโม่หิน"}

var times = []string{"ทุกคืนหลังเที่ยงคืน", "ช่วงเช้ามืด", "ตลอดทั้งวัน", "เฉพาะวันหยุด", "เวลาฝนตก", "ตั้งแต่ต้นเดือน", "เมื่อวานนี้", "มาประมาณสองสัปดาห์แล้ว"}

var matters = []matter{
	{topic: "problem", verdict: "relevant", attached: true, texts: []string{
		"มีกลิ่นเหม็นจาก{maker} บริเวณ{place} {when} คนในชุมชนแสบจมูก ขอให้เจ้าหน้าที่เข้าตรวจสอบ",
		"{maker}ปล่อยควันดำ {when} บริเวณ{place} ผ้าที่ตากไว้เปื้อนเขม่าทั้งหมด ขอให้ช่วยแก้ไข",
		"เสียงเครื่องจักรของ{maker}ดังมาก {when} นอนไม่ได้ อยู่{place} ขอให้วัดระดับเสียง"},
		answers: []string{
			"สำนักงานเข้าตรวจสอบโรงงานแล้ว พบว่าระบบบำบัดอากาศชำรุด จึงสั่งให้ปรับปรุงแก้ไขภายใน 30 วัน ตามมาตรา 37 แห่งพระราชบัญญัติโรงงาน พ.ศ. 2535 และจะติดตามผลต่อไป",
			"สำนักงานเข้าตรวจสอบร่วมกับองค์กรปกครองส่วนท้องถิ่นแล้ว ระดับเสียงเกินค่ามาตรฐานในช่วงกลางคืน โรงงานรับจะงดเดินเครื่องจักรหลังเวลา 22.00 น. และติดตั้งผนังกันเสียงภายใน 45 วัน"},
		asks: []string{"ขอทราบจุดที่ได้กลิ่นและช่วงเวลาที่ชัดเจน เพื่อกำหนดวันเข้าตรวจสอบ"}},
	{topic: "problem", verdict: "relevant", attached: true, texts: []string{
		"น้ำในคลองบริเวณ{place}เปลี่ยนเป็นสีคล้ำและปลาตาย {when} คาดว่ามาจาก{maker} ขอให้ตรวจสอบน้ำทิ้ง",
		"{maker}ลักลอบทิ้งกากของเสียหลัง{place} {when} มีถังสีน้ำเงินจำนวนมาก ขอให้เร่งตรวจสอบ"},
		answers: []string{
			"สำนักงานเก็บตัวอย่างน้ำทิ้งส่งวิเคราะห์แล้ว ผลไม่เป็นไปตามมาตรฐาน จึงมีคำสั่งให้โรงงานหยุดระบายน้ำทิ้งและปรับปรุงระบบบำบัดน้ำเสีย",
			"สำนักงานตรวจสอบแล้ว ผู้ประกอบกิจการนำของเสียออกนอกโรงงานโดยไม่ได้รับอนุญาต จึงดำเนินคดีตามกฎหมายและสั่งให้นำไปกำจัดให้ถูกต้อง"},
		asks: []string{"ขอภาพถ่ายหรือพิกัดของจุดที่พบ เพื่อให้เจ้าหน้าที่เข้าพื้นที่ได้ตรงจุด"}},
	{topic: "question", verdict: "relevant", texts: []string{
		"ต้องการขอใบอนุญาตประกอบกิจการโรงงาน (ร.ง.4) สำหรับ{maker} ต้องเตรียมเอกสารอะไรบ้าง และใช้เวลานานเท่าใด",
		"จะขยาย{maker}เดิมเพิ่มกำลังเครื่องจักร ต้องยื่นขออนุญาตขยายโรงงานหรือไม่",
		"ใบอนุญาตโรงงานใกล้หมดอายุ ต้องต่ออายุที่ไหน และมีค่าธรรมเนียมเท่าใด"},
		answers: []string{
			"ท่านยื่นคำขอผ่านระบบได้ที่เว็บไซต์ของกระทรวง โดยเตรียมแผนผังโรงงาน รายการเครื่องจักร และเอกสารสิทธิในที่ดิน ระยะเวลาพิจารณาตามคู่มือสำหรับประชาชนไม่เกิน 30 วัน",
			"การเพิ่มกำลังเครื่องจักรตั้งแต่ร้อยละ 50 ขึ้นไปของกำลังเดิม ถือเป็นการขยายโรงงาน ต้องขออนุญาตก่อน หากไม่ถึงให้แจ้งเปลี่ยนแปลงต่อสำนักงาน"},
		asks: []string{"ขอทราบประเภทกิจการและกำลังแรงม้าเครื่องจักร เพื่อให้คำแนะนำได้ถูกต้อง"}},
	{topic: "question", verdict: "relevant", texts: []string{
		"สนใจสินเชื่อเพื่อผู้ประกอบการเอสเอ็มอี ทำ{maker}ขนาดเล็ก ต้องมีคุณสมบัติอย่างไร",
		"อยากเข้าอบรมการลดต้นทุนการผลิตสำหรับวิสาหกิจชุมชน {place} มีเปิดรับสมัครเมื่อใด"},
		answers: []string{
			"สำนักงานเปิดรับสมัครโครงการพัฒนาผู้ประกอบการรอบถัดไปในเดือนหน้า ท่านสมัครได้ที่สำนักงานหรือทางเว็บไซต์ โดยไม่มีค่าใช้จ่าย",
			"ผู้ขอสินเชื่อต้องจดทะเบียนนิติบุคคลและประกอบกิจการมาแล้วไม่น้อยกว่า 1 ปี รายละเอียดอยู่ในหน้าข่าวและประกาศ"}},
	{topic: "question", verdict: "park", agency: "tisi", texts: []string{
		"ซื้อปลั๊กพ่วงมาใช้แล้วร้อนมาก ไม่แน่ใจว่าเครื่องหมาย มอก. เป็นของจริงหรือไม่ ตรวจสอบได้ที่ไหน",
		"จะผลิตหมวกกันน็อกจำหน่าย ต้องขออนุญาตแสดงเครื่องหมายมาตรฐานอย่างไร"}},
	{topic: "problem", verdict: "park", agency: "diw", texts: []string{
		"{maker}ขนาดใหญ่ใน{place}มีสารเคมีรั่วไหล {when} ขอให้กรมโรงงานอุตสาหกรรมเข้าตรวจสอบถังเก็บสารเคมี",
		"สงสัยว่า{maker}นำเข้าวัตถุอันตรายโดยไม่ได้รับอนุญาต ขอให้ตรวจสอบทะเบียนวัตถุอันตราย"}},
	{topic: "problem", verdict: "park", agency: "ocsb", texts: []string{
		"ส่งอ้อยเข้าโรงงานแล้วถูกหักค่าสิ่งปนเปื้อนมากผิดปกติ {when} ขอให้ตรวจสอบการวัดค่าความหวาน"}},
	{topic: "problem", verdict: "park", agency: "dpim", texts: []string{
		"โรงโม่หินระเบิดหินแรงมาก {when} บ้านที่{place}ผนังร้าว ขอให้ตรวจสอบประทานบัตร"}},
	{topic: "problem", verdict: "elsewhere", texts: []string{
		"ถนนหน้า{place}เป็นหลุมบ่อ รถบรรทุกของโรงงานวิ่งผ่านทั้งวัน ขอให้ซ่อมถนน",
		"มีการเผาขยะในที่โล่งบริเวณ{place} {when} ควันเข้าบ้าน"},
		answers: []string{"เรื่องนี้ไม่อยู่ในหน้าที่และอำนาจของกระทรวงอุตสาหกรรม ขอให้ท่านแจ้งองค์กรปกครองส่วนท้องถิ่นในพื้นที่ หรือศูนย์ดำรงธรรม โทร. 1567"}},
	{topic: "suggestion", verdict: "relevant", texts: []string{
		"ขอเสนอให้เปิดรับชำระค่าธรรมเนียมผ่านคิวอาร์โค้ดที่สำนักงาน จะได้ไม่ต้องถือเงินสด",
		"อยากให้เว็บไซต์มีแผนที่โรงงานในจังหวัด ประชาชนจะได้รู้ว่าโรงงานใดได้รับอนุญาต",
		"ขอให้จัดอบรมเรื่องความปลอดภัยของหม้อน้ำในพื้นที่{place}บ้าง"},
		answers: []string{"ขอบคุณสำหรับข้อเสนอแนะ สำนักงานจะนำไปประกอบการปรับปรุงบริการในปีงบประมาณถัดไป", "สำนักงานบรรจุข้อเสนอของท่านไว้ในแผนการอบรมไตรมาสหน้าแล้ว โปรดติดตามประกาศทางเว็บไซต์"}},
	{topic: "feedback", verdict: "relevant", texts: []string{
		"เจ้าหน้าที่ให้คำแนะนำเรื่องการต่อใบอนุญาตดีมาก ขอชื่นชม",
		"รอคิวที่สำนักงานนานเกือบสองชั่วโมง อยากให้เพิ่มช่องบริการช่วงปลายเดือน",
		"เว็บไซต์เปิดช้าในมือถือ หน้าดาวน์โหลดแบบฟอร์มบางลิงก์เสีย"},
		answers: []string{"ขอบคุณที่แจ้งให้ทราบ สำนักงานได้แจ้งผู้เกี่ยวข้องและจะปรับปรุงการให้บริการ", "ขอขอบคุณสำหรับคำชม ได้แจ้งให้เจ้าหน้าที่ทราบแล้ว"}},
}

// english are messages of people who write English.
var english = []matter{
	{topic: "question", verdict: "relevant", texts: []string{"We plan to open a small food factory in this province. Which licence do we need, and is there a guide in English?", "Could you tell me the office hours and whether I need an appointment?"},
		answers: []string{"Thank you for your question. A factory with machines of 50 horsepower or more needs a licence (Ror Ngor 4). The guide is on our website, and our officers can help you at the counter."}},
	{topic: "problem", verdict: "relevant", texts: []string{"There has been a strong chemical smell near the industrial estate for three nights. Please check.", "A factory behind our apartment is very loud after midnight."},
		answers: []string{"We inspected the factory on site and ordered it to repair its air treatment within 30 days. Please tell us if it continues."}},
}

// spam is what a person has to look at first.
var spam = []string{"เว็บตรงสล็อตเว็บตรงแตกง่าย ฝากถอนไม่มีขั้นต่ำ", "Best SEO service for your website, cheap backlinks", "บริการเงินกู้นอกระบบ อนุมัติไว ทักมา"}

var aboutStaff = []string{"เจ้าหน้าที่ที่เคาน์เตอร์พูดจาไม่สุภาพ {when} ขอให้ผู้บังคับบัญชาพิจารณา", "ยื่นเรื่องไว้แล้วเจ้าหน้าที่แจ้งว่าเอกสารหาย ต้องยื่นใหม่ถึงสองครั้ง"}

// news are announcements of a site.
var news = []struct{ th, en, textTH, textEN string }{
	{"เปิดรับสมัครอบรมการเพิ่มผลิตภาพ รุ่นที่ 2", "Productivity course, second round", "ผู้ประกอบการสมัครได้ที่สำนักงานหรือทางเว็บไซต์ ไม่มีค่าใช้จ่าย", "Open to all businesses; free of charge."},
	{"ปรับเวลาให้บริการช่วงสิ้นปี", "Opening hours at the end of the year", "สำนักงานเปิดให้บริการตามปกติถึงวันที่ 30 ธันวาคม", "The office is open as usual until 30 December."},
	{"แจ้งกำหนดรายงานข้อมูลโรงงานประจำปี", "Yearly report of factories", "ผู้ประกอบกิจการโรงงานโปรดรายงานข้อมูลภายในเดือนมกราคม", "Factories report their data by the end of January."},
}
