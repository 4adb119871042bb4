// Package ropa is the record of processing activities (บันทึกรายการกิจกรรมการประมวลผล,
// PDPA s.39) as a typed value: the 53 rows of the ministry's form, its data-flow table
// and its system inventory, with what the form says word for word kept beside what it
// means. The canonical form is YAML that is the same byte for byte after any number of
// readings; its SHA-256 is what approvals, logs and notices refer to.
//
// The package is pure: it reads no clock, no database and no network.
package ropa
