// Package gatest stands in for the three interfaces of Google Analytics, and for its
// script, in tests. It is stricter than they are: what a visitor's address or agent
// could be, what no protocol has, and what is not signed is an error, and it can fail,
// delay and refuse.
package gatest
