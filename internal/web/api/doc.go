// Package api is the programming interface of the office, /api/v1. Everything in it
// comes from one table of operations: the routes that are served and the OpenAPI 3.1
// document that describes them. A feature adds its rows in a file of its own.
//
// Errors are problems (RFC 9457). Lists are pages with keyset cursors. A POST that
// creates takes an Idempotency-Key: the same request again gives the same answer.
package api
