// Package exchange walks the exchange of letters between two installations: two processes
// of the real program with databases of their own, an e-CMS node in one of them, and
// ordinary mail servers (Postfix, Dovecot) between them and the people who have only mail.
package exchange
