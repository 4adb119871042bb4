// Package inspection is the looking over of those whom the record names for it (row 30):
// a work-list of what is worth a look, computed from accounts, logs and checks, a report
// that is signed, and what has to be done about it, with a day for each.
package inspection
