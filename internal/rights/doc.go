// Package rights is what a person may ask about his data, and how it is answered
// (แบบคำร้องขอใช้สิทธิของเจ้าของข้อมูลส่วนบุคคล, PDPA ss.19, 30 to 36 and 73): received with
// the law's clock, identity shown, whether the right applies worked out from the lawful
// basis in the record, decided with its ground, carried out, answered. A refusal is in
// the register's log of s.39(7) by being decided.
package rights
