// Package mail is the post. A message is queued in the transaction that causes it,
// sealed by its caller; a job opens it, renders it, signs it (DKIM, RFC 6376) and
// hands it to the relay. Its state says what is known and no more: queued, handed
// over, failed, bounced. That a person has read it is not known and not claimed.
//
// A message is handed over at least once: if the process dies between the relay's
// answer and the commit that notes it, it is handed over again, under the same
// Message-ID, by which relays and readers recognise it.
package mail
