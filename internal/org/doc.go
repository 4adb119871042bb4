// Package org is the body: the agencies, who heads them, who holds a position, and by
// which orders others act for them. It resolves a person into what the record's
// principals speak of: หัวหน้าส่วนราชการหรือผู้ที่ได้รับมอบหมาย, the DPO, a position.
package org
