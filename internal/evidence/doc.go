// Package evidence makes what is handed to an inspector: one file that holds the
// register with its chain, the logs of disclosure and of refusal (PDPA s.39(6) and (7)),
// proof from the audit, the truth report, notices, access reviews, orders and training,
// for a period and an agency. It is an ordinary ZIP that anybody can open; a signature
// over every byte of it stands at its end, so that it is verified without the
// installation and no changed bit stays unseen. It holds no data of the people whose
// cases there are: the law asks what was disclosed to whom, not whose message it was.
package evidence
