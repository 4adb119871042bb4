// Package retention is the end of life of what the record governs: the check that the
// record promises (row 50), legal holds, and the destruction round at the end of the
// year (rows 36 to 40), from the survey to a certificate that names nobody.
//
// It knows no feature. What has a due date is a Holder, registered by app.
package retention
