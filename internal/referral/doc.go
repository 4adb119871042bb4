// Package referral sends a case to the agency whose it is, by official letter, and brings
// its result back (steps 7 to 10). It ties cases and letters, neither of which knows the
// other.
//
// What goes is what the record in force declares for that recipient and no more (PDPA
// s.27); each sending is a line of the log of disclosures (s.39(6)), in the transaction in
// which the letter leaves.
package referral
