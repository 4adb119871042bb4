// Package breach is what is done when personal data was lost, seen, changed or given
// away without authority (การละเมิดข้อมูลส่วนบุคคล, PDPA s.37(4) and the notification of
// the Committee of B.E. 2565): reported by anyone, a clock of 72 hours from the moment a
// person is aware, an assessment with its factors, who and what is affected computed
// from the logs, notices to the Office of the PDPC and to the persons, and the end.
//
// A drill goes the same way and mails nobody outside.
package breach
