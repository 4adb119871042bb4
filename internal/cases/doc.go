// Package cases is the message from the public (เรื่อง) and its way through the
// declared flow of the record "contact-us", steps 1 to 7: received, considered, acted
// on, answered; or parked for a referral, which it knows nothing about.
//
// Every change of state is a row of Transitions. Every change has one shape: a rule,
// the store, the audit event, what must leave enqueued; in one transaction.
package cases
