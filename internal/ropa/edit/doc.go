// Package edit turns a record into the fields of its form, section by section, and reads
// the fields back. Both directions go over the record's own types, so that a field of the
// record is a field of the form without a line of code; what stands here by name is only
// where on the form a part of the record is asked, and what its codes refer to.
//
// What was shown and comes back unchanged gives the same bytes of canonical text. The
// package is pure: the face words and draws the fields, the register stores the record.
package edit
