// Package db is the only package that knows there are two engines. It gives the
// rest of the program one shape of write, InTx, and one of read, Read, over one SQL
// text that runs on SQLite and on PostgreSQL.
//
// Writers share commits. Each lane owns one connection; callers that arrive while a
// lane is busy wait in its queue, run one after another in the same transaction,
// each undone by itself if it fails, and are answered after the one commit that makes
// all of them durable. SQLite has one lane; PostgreSQL has several. A commit that
// fails fails everyone in it, so a callback may be run again and must have no effect
// but the transaction's.
package db
