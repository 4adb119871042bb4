// Package accounts knows the people who work with the program: who they are, how they
// prove it, and with which roles. What they may read is not decided here but by the
// record; this package only says who is asking.
//
// A person signs in with account, password and a one-time code in one step. The answer
// to a wrong account, a wrong password and a wrong code is the same, and takes the same
// time.
package accounts
