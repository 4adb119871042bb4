// Package analytics counts how the sites are used (การวิเคราะห์และประเมินผลการใช้งาน), and
// carries the cycle that begins with the numbers: goals, reports, evaluations, plans.
//
// What is collected of a visit follows from the record and from the visitor. Four
// levels, each of which the record must declare: L0 counts without any id, L1 with an
// id that is good for one day and one site, L2 with a cookie after consent, L3 passes
// the visit on to a provider abroad after consent and only where the record lists one.
// Address and user agent are used to make the id of the day and the class of the
// device, and are gone before anything is queued.
//
// A hit is acknowledged when it is durable. Hits that arrive together share one entry of
// a journal; within a second they are counted, thousands in one transaction: rows, the
// state of each visitor of the day, and the daily totals, which are additive over days
// and sites, because no id outlives its day. After an hour rows go into sheets, column by
// column.
package analytics
