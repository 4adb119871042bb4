// Package inbox takes in mail: what agencies answer, what citizens reply, what comes back,
// and what strangers write. A mail is kept, sealed, before it is taken from the mailbox;
// then a table of small filters decides what it is. Nothing that a mail says of its sender
// is believed without a keyed address or a signature: what is not known waits in the
// holding pen for a person.
package inbox
