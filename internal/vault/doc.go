// Package vault keeps personal data sealed. Each subject, which is one case or one
// person, has a data key of its own; the data key is wrapped by the key of the year
// in which it was made, and that by the master key. What is sealed is bound to its
// place (table, row, column), so that it cannot be moved to another.
//
// Nothing is opened without a Permit. Permits are made by a Minter, of which there is
// one; package processing holds it. A reading that was not decided by the record and
// written to the log therefore does not compile.
package vault
